import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useTransport } from '$lib/api/client';
import type { AccountTest, CommandError, KeysStatus, TestLine } from '$lib/api/contract';
import { app } from '$lib/state/app.svelte';
import { preferences } from '$lib/state/preferences.svelte';
import { router } from '$lib/state/router.svelte';
import { FakeConsole, NOW, refusal, type Answers, type FakeOptions } from '../../test/fake';
import ChannelsScreen from './ChannelsScreen.svelte';
import { channels, expiryLook, isFixedField } from './channels.svelte';
import { Draft, readMaterial } from './draft.svelte';

let fake: FakeConsole;
let stop: () => void;
const person = () => userEvent.setup({ delay: null });

/// Answers of the stand-in that one test gives another word.
class Played extends FakeConsole {
  answers: Partial<Answers> = {};

  override async call(command: string, args: object): Promise<unknown> {
    const answer = this.answers[command as keyof Answers] as
      ((args: object) => unknown) | undefined;
    if (!answer) return super.call(command, args);
    this.calls.push({ command, args });
    return structuredClone(answer(args));
  }
}

async function open(answers: Partial<Answers> = {}, options: FakeOptions = {}): Promise<void> {
  const played = new Played({ ...options, status: { mode: 'real', ...options.status } });
  played.answers = answers;
  fake = played;
  useTransport(fake);
  stop = app.start();
  await waitFor(() => expect(app.status).not.toBeNull());
  render(ChannelsScreen);
  await waitFor(() => expect(channels.accounts ?? channels.error).not.toBeNull());
}

const KEYS: KeysStatus = {
  state: 'locked',
  kept_in: 'sealed',
  asks_passphrase: true,
  wait_seconds: 0,
};

beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
  router.go('channels');
});

afterEach(() => {
  stop();
  preferences.locale = 'zh-CN';
  channels.accounts = null;
  channels.keys = null;
  channels.error = null;
  channels.forgetTests();
  app.status = null;
  router.go('pay');
});

async function openWizard(answers: Partial<Answers> = {}): Promise<void> {
  router.go('channels', 'add');
  await open(answers);
  await person().click(await screen.findByTestId('pick-alipay'));
  await screen.findByTestId('field-app_id');
}

function paste(field: string, text: string): void {
  const box = within(screen.getByTestId(`field-${field}`)).getByRole('textbox');
  const event = new Event('paste', { bubbles: true, cancelable: true });
  Object.assign(event, { clipboardData: { getData: () => text } });
  box.dispatchEvent(event);
}

describe('the list of accounts', () => {
  it('shows what may be shown, and nothing that is kept', async () => {
    await open();
    const card = screen.getByTestId('account-demo-alipay');
    expect(card).toHaveTextContent('2088000000000001');
    expect(card).toHaveTextContent('a3f1 c09b');
    expect(within(card).getByTestId('account-kind')).toHaveTextContent('沙箱');
    expect(within(card).queryByTestId('account-default')).toBeNull();
  });

  it('leads to the wizard when there is none', async () => {
    await open({ list_accounts: () => ({ accounts: [], keys: { ...KEYS, state: 'open' } }) });
    expect(screen.getByTestId('no-accounts')).toBeInTheDocument();
    expect(screen.getByTestId('account-add')).toHaveAttribute('href', '#/channels/add');
  });

  it('tests a connection line by line and gives the channel’s own words', async () => {
    const line = (changes: Partial<TestLine>): TestLine => ({
      line: 'signature',
      state: 'failed',
      text: 'doctor_signature_refused',
      params: {},
      evidence: 'isv.invalid-signature 验签出错',
      field: 'private_key',
      ...changes,
    });
    const answer: AccountTest = { lines: [line({})], passed: false, at: NOW };
    await open({ test_account: () => answer });
    const [button] = screen.getAllByTestId('account-test');
    await person().click(button as HTMLElement);
    const said = await screen.findByTestId('line-signature');
    expect(said).toHaveAttribute('data-state', 'failed');
    expect(said).toHaveTextContent('isv.invalid-signature');
    expect(fake.called('test_account')).toEqual([{ subject: { account: 'demo-alipay' } }]);
    // The way on: to where the key is changed.
    await person().click(screen.getByTestId('mend-signature'));
    expect(await screen.findByTestId('key-dialog')).toBeInTheDocument();
  });

  it('knows what never changes once an account is kept', async () => {
    await open();
    for (const field of ['mchid', 'appid', 'gateway']) {
      expect(isFixedField('wechatpay', field), field).toBe(true);
    }
    for (const field of ['merchant_serial', 'private_key', 'public_key']) {
      expect(isFixedField('wechatpay', field), field).toBe(false);
    }
  });

  it('does not remove an account with open doubts, and asks before it removes one', async () => {
    await open();
    await person().click(screen.getAllByTestId('account-remove')[0] as HTMLElement);
    const sure = await screen.findByTestId('remove-confirm');
    expect(fake.called('remove_account')).toEqual([]);
    await person().click(sure);
    await waitFor(() =>
      expect(fake.called('remove_account')).toEqual([{ account_id: 'demo-alipay' }]),
    );
  });

  it('leaves a demo’s accounts as they are', async () => {
    await open({}, { status: { mode: 'demo' } });
    expect(screen.getByTestId('demo-accounts')).toBeInTheDocument();
    expect(screen.queryByTestId('account-remove')).toBeNull();
    expect(screen.queryByTestId('account-add')).toBeNull();
    expect(screen.getAllByTestId('account-test')).toHaveLength(3);
  });
});

describe('keys that cannot be used', () => {
  it('are unlocked by the passphrase, which is then forgotten', async () => {
    let keys = KEYS;
    await open(
      {
        list_accounts: () => ({ accounts: [], keys }),
        unlock_keys: () => (keys = { ...keys, state: 'open' }),
      },
      { status: { keys: 'locked', open_doubts: 3 } },
    );
    expect(screen.getByTestId('keys-waiting')).toHaveTextContent('3');
    const entry = screen.getByTestId<HTMLInputElement>('passphrase');
    await person().type(entry, 'correct horse');
    await person().click(screen.getByTestId('unlock'));
    await waitFor(() => expect(screen.queryByTestId('keys-banner')).toBeNull());
    expect(fake.called('unlock_keys')).toEqual([{ passphrase: 'correct horse' }]);
  });

  it('make the next try wait after a wrong one', async () => {
    const wrong: CommandError = refusal('passphrase_wrong', { seconds: '8' });
    await open({
      list_accounts: () => ({ accounts: [], keys: KEYS }),
      unlock_keys: () => {
        throw wrong;
      },
      keys_status: () => ({ ...KEYS, wait_seconds: 8 }),
    });
    await person().type(screen.getByTestId('passphrase'), 'wrong');
    await person().click(screen.getByTestId('unlock'));
    await waitFor(() => expect(screen.getByTestId('keys-banner')).toHaveTextContent('口令不对'));
    expect(screen.getByTestId('unlock')).toBeDisabled();
  });

  it('are sealed by a new passphrase that is typed twice', async () => {
    const keys: KeysStatus = { ...KEYS, state: 'needs_new_passphrase', kept_in: null };
    await open({ list_accounts: () => ({ accounts: [], keys }) });
    await person().type(screen.getByTestId('passphrase'), 'one long passphrase');
    await person().type(screen.getByTestId('passphrase-again'), 'another');
    await person().click(screen.getByTestId('unlock'));
    expect(fake.called('unlock_keys')).toEqual([]);
    expect(screen.getByTestId('keys-banner')).toHaveTextContent('两次输入不一致');
  });
});

describe('the wizard', () => {
  it('hides a pasted key at once and says what it is', async () => {
    await openWizard({
      check_account: ({ draft }) => ({
        ready: true,
        fields: Object.keys(draft.fields).map((field) => ({
          field,
          problem: null,
          notes: ['check_converted_from_pkcs1'],
          params: {},
          form: 'pkcs1',
          encoding: 'pem',
          bits: 2048,
          fingerprint: 'a3f1 c09b',
          expires_at: null,
        })),
      }),
    });
    paste('private_key', 'TEST KEY MATERIAL');
    const field = screen.getByTestId('field-private_key');
    await waitFor(() => expect(field).toHaveTextContent('PKCS#1'));
    expect(field).toHaveTextContent('2048');
    expect(field).toHaveTextContent('a3f1 c09b');
    expect(document.body.innerHTML).not.toContain('TEST KEY MATERIAL');
    expect(within(field).queryByRole('textbox')).toBeNull();
  });

  it('does not go on while a field is wrong, and leads to it', async () => {
    await openWizard({
      check_account: () => ({
        ready: false,
        fields: [
          {
            field: 'app_id',
            problem: 'check_missing',
            notes: [],
            params: {},
            form: null,
            encoding: null,
            bits: null,
            fingerprint: null,
            expires_at: null,
          },
        ],
      }),
    });
    await person().click(screen.getByTestId('wizard-test'));
    await waitFor(() =>
      expect(screen.getByTestId('field-app_id')).toHaveAttribute('data-problem', 'check_missing'),
    );
    await waitFor(() => expect(document.activeElement?.id).toBe('field-app_id'));
    expect(fake.called('test_account')).toEqual([]);
  });

  it('tests, keeps the account once, and forgets the form', async () => {
    await openWizard();
    await person().type(
      within(screen.getByTestId('field-app_id')).getByRole('textbox'),
      '2021000000000009',
    );
    await person().click(screen.getByTestId('wizard-test'));
    await screen.findByTestId('test-sum');
    await person().type(screen.getByTestId('account-rate'), '0.38');
    await person().dblClick(screen.getByTestId('wizard-add'));
    await screen.findByTestId('wizard-added');
    expect(fake.called('add_account')).toEqual([
      {
        draft: { channel: 'alipay', sandbox: false, fields: { app_id: '2021000000000009' } },
        label: '',
        rate_millionths: 3800,
      },
    ]);
  });

  it('sends an address for a sandbox account only, and the fields of one way', () => {
    const form = {
      id: 'alipay',
      ways: ['public_key', 'certificates'],
      gateway: 'https://live.example.test',
      sandbox_gateway: 'https://sandbox.example.test',
      fields: [
        { name: 'app_id', kind: 'text', secret: false, optional: false, way: null },
        { name: 'peer', kind: 'public_key', secret: false, optional: true, way: 'public_key' },
        { name: 'cert', kind: 'certificate', secret: false, optional: true, way: 'certificates' },
      ],
    } as const;
    const draft = new Draft({ ...form, ways: [...form.ways], fields: [...form.fields] });
    draft.values = { app_id: ' 1 ', peer: 'p', cert: 'c' };
    expect(draft.whole).toEqual({
      channel: 'alipay',
      sandbox: false,
      fields: { app_id: '1', peer: 'p' },
    });
    draft.sandbox = true;
    draft.way = 'certificates';
    expect(draft.whole).toEqual({
      channel: 'alipay',
      sandbox: true,
      gateway: 'https://sandbox.example.test',
      fields: { app_id: '1', cert: 'c' },
    });
  });
});

describe('what is dropped', () => {
  it('is text as it is, bytes as base64, and nothing when it is too large', async () => {
    expect(await readMaterial(new File(['-----BEGIN'], 'a.pem'))).toBe('-----BEGIN');
    expect(await readMaterial(new File([new Uint8Array([0x30, 0x82, 1])], 'a.der'))).toBe('MIIB');
    expect(await readMaterial(new File([new Uint8Array(70_000)], 'a.bin'))).toBeNull();
  });

  it('runs out with more and more urgency', () => {
    const day = 86_400_000;
    expect(expiryLook(NOW + 31 * day, NOW).tone).toBe('muted');
    expect(expiryLook(NOW + 30 * day, NOW).tone).toBe('warn');
    expect(expiryLook(NOW + 7 * day, NOW).tone).toBe('danger');
    expect(expiryLook(NOW, NOW).text).toBe('已过期');
  });
});
