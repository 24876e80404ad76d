/// A form that is being filled in: its values, and what the core says of each as it is typed. The
/// values of secret fields go to the core and nowhere else, and are dropped with the form.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  AccountDraft,
  ChannelField,
  ChannelForm,
  CommandError,
  FieldVerdict,
} from '$lib/api/contract';

/// A person's pause; pasted values are looked at in the same time.
const CHECK_MS = 200;

export class Draft {
  readonly form: ChannelForm;
  /// The account that is changed; null for a new one.
  readonly accountId: string | null;
  sandbox = $state(false);
  gateway = $state('');
  way = $state('');
  values = $state<Record<string, string>>({});
  verdicts = $state.raw<Readonly<Record<string, FieldVerdict>>>({});
  ready = $state(false);
  error = $state.raw<CommandError | null>(null);
  /// From the first try to go on: empty fields are told too.
  tellAll = $state(false);
  #only: ReadonlySet<string> | null;
  #request = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    form: ChannelForm,
    about: { accountId?: string; only?: readonly string[]; sandbox?: boolean } = {},
  ) {
    this.form = form;
    this.accountId = about.accountId ?? null;
    this.#only = about.only ? new Set(about.only) : null;
    this.sandbox = about.sandbox ?? false;
    this.way = form.ways[0] ?? '';
    this.gateway = form.sandbox_gateway ?? '';
  }

  /// The fields of the chosen way, in the order of the form.
  readonly fields = $derived.by<readonly ChannelField[]>(() =>
    this.form.fields.filter(
      ({ name, way }) =>
        (way === null || way === this.way) && (this.#only === null || this.#only.has(name)),
    ),
  );

  get filled(): Record<string, string> {
    const filled: Record<string, string> = {};
    for (const { name } of this.fields) {
      const value = (this.values[name] ?? '').trim();
      if (value !== '') filled[name] = value;
    }
    return filled;
  }

  get whole(): AccountDraft {
    const draft = { channel: this.form.id, sandbox: this.sandbox, fields: this.filled };
    return this.sandbox ? { ...draft, gateway: this.gateway.trim() } : draft;
  }

  /// What is wrong with a field, once it can be said.
  problem(name: string): FieldVerdict | null {
    const verdict = this.verdicts[name];
    if (!verdict?.problem) return null;
    return this.tellAll || (this.values[name] ?? '') !== '' ? verdict : null;
  }

  set(name: string, value: string): void {
    this.values[name] = value;
    this.soon();
  }

  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.check(), CHECK_MS);
  }

  /// True when nothing is wrong; the newest look wins.
  async check(): Promise<boolean> {
    clearTimeout(this.#timer);
    const request = ++this.#request;
    const { accountId } = this;
    try {
      const args = { draft: this.whole, ...(accountId === null ? {} : { account_id: accountId }) };
      const { fields } = await callConsole('check_account', args);
      if (request !== this.#request) return false;
      this.verdicts = Object.fromEntries(fields.map((verdict) => [verdict.field, verdict]));
      const shown = new Set(this.fields.map(({ name }) => name));
      this.ready = fields.every(({ field, problem }) => problem === null || !shown.has(field));
      this.error = null;
    } catch (thrown) {
      if (request !== this.#request) return false;
      this.error = commandErrorOf(thrown);
      this.ready = false;
    }
    return this.ready;
  }

  /// The first field of the form that is wrong.
  get firstWrong(): string | null {
    return this.fields.find(({ name }) => this.verdicts[name]?.problem)?.name ?? null;
  }

  wipe(): void {
    clearTimeout(this.#timer);
    this.#request++;
    this.values = {};
    this.verdicts = {};
  }
}

/// Larger than any key or bundle of certificates.
const FILE_MAX = 64 * 1024;

/// A key's or certificate's file as the form takes it: text as it is, bytes as base64. Null: no such file.
export async function readMaterial(file: File): Promise<string | null> {
  if (file.size > FILE_MAX) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Bytes then.
  }
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/// Brings a field of the form into view and the keys to it: its box, or what stands for a filled one.
export function focusField(name: string): void {
  const field =
    document.getElementById(name === 'gateway' ? name : `field-${name}`) ??
    document.querySelector<HTMLElement>(`[data-testid="field-${name}"] button`);
  field?.scrollIntoView({ block: 'center' });
  field?.focus();
}
