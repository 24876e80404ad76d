/// The accounts of this folder and the vault that holds their keys: what the core says of them, and
/// the steps a person takes. It keeps no key and no passphrase; what is typed lives in the form alone.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  AccountList,
  AccountTest,
  AccountView,
  ChangeAccount,
  ChannelForm,
  CommandError,
  KeysStatus,
  TestSubject,
} from '$lib/api/contract';
import { errorText } from '$lib/api/errors';
import { m, textOf } from '$lib/i18n/text';
import { app } from '$lib/state/app.svelte';
import { channelName } from '$lib/ui/looks';

class Channels {
  forms = $state.raw<readonly ChannelForm[]>([]);
  accounts = $state.raw<readonly AccountView[] | null>(null);
  keys = $state.raw<KeysStatus | null>(null);
  /// Why the list did not come.
  error = $state.raw<CommandError | null>(null);
  /// Connections that were tested since the screen was opened, by account or key.
  tests = $state.raw<Readonly<Record<string, Tested>>>({});
  #request = 0;

  async load(): Promise<void> {
    const request = ++this.#request;
    try {
      const [forms, list] = await Promise.all([
        callConsole('list_channels', {}),
        callConsole('list_accounts', {}),
      ]);
      if (request !== this.#request) return;
      this.forms = forms.channels;
      this.#take(list);
      this.error = null;
    } catch (thrown) {
      if (request === this.#request) this.error = commandErrorOf(thrown);
    }
  }

  form(channel: string): ChannelForm | undefined {
    return this.forms.find((form) => form.id === channel);
  }

  /// Null when it worked.
  async change(change: ChangeAccount): Promise<CommandError | null> {
    return this.#do(async () => void (await callConsole('change_account', change)));
  }

  async remove(account_id: string): Promise<CommandError | null> {
    return this.#do(async () => this.#take(await callConsole('remove_account', { account_id })));
  }

  async unlock(passphrase: string | null): Promise<CommandError | null> {
    const args = passphrase === null ? {} : { passphrase };
    return this.#do(async () => void (this.keys = await callConsole('unlock_keys', args)));
  }

  async lock(): Promise<CommandError | null> {
    return this.#do(async () => void (this.keys = await callConsole('lock_keys', {})));
  }

  async changePassphrase(old: string, next: string): Promise<CommandError | null> {
    return this.#do(async () => {
      this.keys = await callConsole('change_passphrase', { old, new: next });
    });
  }

  async test(subject: TestSubject): Promise<void> {
    const name = testName(subject);
    if (this.tests[name]?.running) return;
    this.tests = { ...this.tests, [name]: { running: true, result: null, error: null } };
    const tested = await testConnection(subject);
    this.tests = { ...this.tests, [name]: tested };
  }

  forgetTests(): void {
    this.tests = {};
  }

  #take(list: AccountList): void {
    this.accounts = list.accounts;
    this.keys = list.keys;
  }

  async #do(work: () => Promise<void>): Promise<CommandError | null> {
    try {
      await work();
      await Promise.all([this.load(), app.load()]);
      return null;
    } catch (thrown) {
      const error = commandErrorOf(thrown);
      // A wrong passphrase makes the next try wait; how long stands in the status.
      const keys = await callConsole('keys_status', {}).catch(() => null);
      if (keys) this.keys = keys;
      return error;
    }
  }
}

export interface Tested {
  running: boolean;
  result: AccountTest | null;
  error: CommandError | null;
}

export async function testConnection(subject: TestSubject): Promise<Tested> {
  try {
    const result = await callConsole('test_account', { subject });
    return { running: false, result, error: null };
  } catch (thrown) {
    return { running: false, result: null, error: commandErrorOf(thrown) };
  }
}

function testName(subject: TestSubject): string {
  if ('account' in subject) return subject.account;
  return 'key' in subject ? keyTestName(subject.key.account_id, subject.key.key_id) : 'draft';
}

export function keyTestName(accountId: string, keyId: string): string {
  return `${accountId}/${keyId}`;
}

/// The name a person gave it, else its channel and the number it goes by.
export function accountName(account: AccountView): string {
  if (account.label !== '') return account.label;
  const number = account.shown['mchid'] ?? account.shown['app_id'] ?? account.id;
  return `${channelName(account.channel)} ${number}`;
}

export function fieldLabel(channel: string, field: string): string {
  return textOf(`field_${channel}_${field}`) ?? field;
}

/// As `errorText`, with the field by its label instead of the channel's own word.
export function accountErrorText(error: CommandError, channel: string): string {
  const field = error.params['field'];
  if (field === undefined) return errorText(error);
  return errorText({ ...error, params: { ...error.params, field: fieldLabel(channel, field) } });
}

/// What belongs to our own key and changes together with it.
export const KEY_FIELDS: readonly string[] = [
  'private_key',
  'app_public_key',
  'app_cert',
  'merchant_serial',
  'merchant_certificate',
];

/// Whether a field stands for ever once its account is kept: what names the merchant, and where it talks to.
export function isFixedField(channel: string, field: string): boolean {
  // The serial that names a key changes with it.
  if (KEY_FIELDS.includes(field)) return false;
  const known = channels.form(channel)?.fields.find(({ name }) => name === field);
  if (!known) return field === 'gateway';
  return field === 'seller_id' || (known.kind === 'text' && !known.optional);
}

const DAY_MS = 86_400_000;
/// Days before the end of a certificate at which it is said.
const WARN_DAYS = 30;
const DANGER_DAYS = 7;

/// How long a certificate lasts, and how urgent that is.
export function expiryLook(at: number, now: number): { tone: string; text: string } {
  const days = Math.floor((at - now) / DAY_MS);
  if (at <= now) return { tone: 'danger', text: m.expiry_over() };
  const tone = days <= DANGER_DAYS ? 'danger' : days <= WARN_DAYS ? 'warn' : 'muted';
  return { tone, text: m.expiry_days({ count: days }) };
}

export const channels = new Channels();
