/// The demo's other side: faults of the channels, customers, and the phone of one of them.
import { callConsole, commandErrorOf } from '$lib/api/client';
import type {
  Act,
  CardAct,
  CommandError,
  PhoneScreen,
  ReaderScreen,
  SampleCode,
  SandboxStatus,
} from '$lib/api/contract';
import { errorText } from '$lib/api/errors';
import { m } from '$lib/i18n/text';
import { notices } from '$lib/state/notices.svelte';

class Demo {
  status = $state<SandboxStatus | null>(null);
  error = $state<CommandError | null>(null);
  phone = $state<PhoneScreen | null>(null);
  phoneText = $state('');
  reader = $state<ReaderScreen | null>(null);
  samples = $state<SampleCode[] | null>(null);
  busy = $state(false);

  async load(): Promise<void> {
    await this.#try(async () => {
      this.status = await callConsole('sandbox_status', {});
    });
  }

  async setFault(name: string, on: boolean): Promise<void> {
    await this.#try(async () => {
      this.status = await callConsole('sandbox_set_fault', { name, on });
    });
  }

  async endDay(): Promise<void> {
    await this.#try(async () => {
      this.status = await callConsole('sandbox_end_day', {});
      notices.show('ok', m.demo_day_ended());
    });
  }

  async act(act: Act): Promise<void> {
    const qr = this.phoneText.trim();
    if (qr === '') return;
    await this.#try(async () => {
      this.phone = await callConsole('sandbox_phone', { qr, act });
    });
  }

  /// The customer at the card reader.
  async serve(act: CardAct): Promise<void> {
    await this.#try(async () => {
      this.reader = await callConsole('sandbox_reader', { act });
    });
  }

  async loadSamples(): Promise<void> {
    await this.#try(async () => {
      this.samples = (await callConsole('sample_codes', {})).codes;
    });
  }

  async #try(call: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await call();
      this.error = null;
    } catch (thrown) {
      this.error = commandErrorOf(thrown);
      notices.show('danger', errorText(this.error));
    } finally {
      this.busy = false;
    }
  }
}

export const demo = new Demo();
