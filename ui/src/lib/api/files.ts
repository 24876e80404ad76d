/// Files that a person chose or dropped, as the core takes them.
import { ConsoleError } from './client';
import type { ErrorCode, GivenFile } from './contract';

/// What the core takes; a larger file is not read at all.
const FILE_MAX = 96 * 1024 * 1024;

const refusal = (code: ErrorCode): ConsoleError =>
  new ConsoleError({ code, money: 'not_moved', params: {}, incident: '' });

/// The bytes of a file, base64; one that is too large to be handed over is refused in these words.
export async function contentOf(file: File, tooLarge: ErrorCode): Promise<string> {
  if (file.size > FILE_MAX) throw refusal(tooLarge);
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(refusal('bill_unreadable'));
    reader.readAsDataURL(file);
  });
}

/// A file that a person chose or dropped, to be given to the core as often as it is asked for.
export interface Chosen {
  readonly name: string;
  given(): Promise<GivenFile>;
}

/// One whose bytes the page has.
export const chosenFile = (file: File): Chosen => ({
  name: file.name,
  given: async () => ({
    given: 'content',
    name: file.name,
    base64: await contentOf(file, 'bill_drop_too_large'),
  }),
});

/// One of which the page knows the place: the core reads it itself, however large it is.
export const chosenPlace = (path: string): Chosen => ({
  name: path.split(/[\\/]/).pop() ?? path,
  given: async () => ({ given: 'path', path }),
});
