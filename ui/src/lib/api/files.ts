/// Files that a person chose or dropped, as the core takes them.
import { ConsoleError } from './client';
import type { ErrorCode } from './contract';

/// What the core takes; a larger file is not read at all.
const FILE_MAX = 96 * 1024 * 1024;

const refusal = (code: ErrorCode): ConsoleError =>
  new ConsoleError({ code, money: 'not_moved', params: {}, incident: '' });

/// The bytes of a file, base64.
export async function contentOf(file: File): Promise<string> {
  if (file.size > FILE_MAX) throw refusal('bill_too_large');
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(refusal('bill_unreadable'));
    reader.readAsDataURL(file);
  });
}
