/// The card readers of one account: what the channel says of them now, and which of them this till uses.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type { AccountView, CommandError, ReaderList } from '$lib/api/contract';

export class Readers {
  list = $state.raw<ReaderList | null>(null);
  /// Why the list did not come, or the choice was not kept.
  error = $state.raw<CommandError | null>(null);
  busy = $state(false);
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  async load(): Promise<void> {
    await this.#try(async () => {
      this.list = await callConsole('list_readers', { account_id: this.#accountId });
    });
  }

  /// The account as it is now; null where nothing was changed.
  async choose(reader: string | null): Promise<AccountView | null> {
    let account: AccountView | null = null;
    await this.#try(async () => {
      account = await callConsole('choose_reader', { account_id: this.#accountId, reader });
    });
    return account;
  }

  async #try(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await work();
      this.error = null;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
    } finally {
      this.busy = false;
    }
  }
}
