/// What is said aloud: short notices on screen and the two live regions.

export type NoticeTone = 'ok' | 'info' | 'warn' | 'danger';

export interface Notice {
  id: number;
  tone: NoticeTone;
  text: string;
}

/// Long enough to read two sentences.
const SHOWN_MS = 7000;

class Notices {
  shown = $state<Notice[]>([]);
  polite = $state('');
  assertive = $state('');
  #next = 1;

  show(tone: NoticeTone, text: string): void {
    const id = this.#next++;
    this.shown = [...this.shown.filter((notice) => notice.text !== text), { id, tone, text }].slice(
      -3,
    );
    this.say(text, tone === 'warn' || tone === 'danger');
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }

  /// For people who hear the screen. A repeated sentence is told apart by an invisible space.
  say(text: string, urgent = false): void {
    if (urgent) this.assertive = this.assertive === text ? `${text}\u200b` : text;
    else this.polite = this.polite === text ? `${text}\u200b` : text;
  }
}

export const notices = new Notices();
