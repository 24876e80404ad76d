/// The codes that were charged here lately. The core refuses a used code too; the screen says so at once.
const CODE_USED_MS = 5 * 60 * 1000;

export class UsedCodes {
  #usedAt = new Map<string, number>();

  has(code: string): boolean {
    const usedAt = this.#usedAt.get(code);
    return usedAt !== undefined && Date.now() - usedAt < CODE_USED_MS;
  }

  remember(code: string): void {
    const now = Date.now();
    for (const [used, at] of this.#usedAt) {
      if (now - at >= CODE_USED_MS) this.#usedAt.delete(used);
    }
    this.#usedAt.set(code, now);
  }
}
