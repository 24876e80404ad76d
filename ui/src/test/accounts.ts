/// The part of the stand-in that plays accounts: two of a sandbox, a form for each channel, keys that
/// are always at hand.
import type { AccountView, ChannelField, FieldKindView, KeysStatus } from '$lib/api/contract';
import { NOW, type Answers } from './fake';

type AccountAnswers = Pick<
  Answers,
  | 'list_channels'
  | 'list_accounts'
  | 'check_account'
  | 'test_account'
  | 'add_account'
  | 'change_account'
  | 'choose_reader'
  | 'list_readers'
  | 'remove_account'
  | 'keys_status'
  | 'unlock_keys'
  | 'lock_keys'
  | 'change_passphrase'
>;

function field(name: string, kind: FieldKindView, way: string | null = null): ChannelField {
  const secret = kind === 'private_key' || kind === 'secret';
  return { name, kind, secret, optional: kind === 'secret' || way !== null, way };
}

const FORMS = [
  {
    id: 'alipay',
    fields: [
      field('app_id', 'text'),
      field('private_key', 'private_key'),
      field('alipay_public_key', 'public_key', 'public_key'),
      field('app_cert', 'certificate', 'certificates'),
      field('alipay_cert', 'certificate', 'certificates'),
      field('alipay_root_cert', 'certificate', 'certificates'),
      field('aes_key', 'secret'),
    ],
    ways: ['public_key', 'certificates'],
    gateway: 'https://openapi.alipay.com/gateway.do',
    sandbox_gateway: 'https://openapi-sandbox.dl.alipaydev.com/gateway.do',
  },
  {
    id: 'stripe',
    fields: [
      field('account', 'text'),
      { ...field('secret_key', 'secret'), optional: false },
      field('webhook_secret', 'secret'),
      { ...field('reader', 'text'), optional: true },
      { ...field('success_url', 'text'), optional: true },
    ],
    ways: [],
    gateway: 'https://api.stripe.com',
    sandbox_gateway: 'https://api.stripe.com',
  },
  {
    id: 'wechatpay',
    fields: [
      field('appid', 'text'),
      field('mchid', 'text'),
      field('merchant_serial', 'text'),
      field('private_key', 'private_key'),
      field('apiv3_key', 'secret'),
      field('public_key_id', 'text', 'public_key'),
      field('public_key', 'public_key', 'public_key'),
      field('platform_certificates', 'certificate', 'certificates'),
    ],
    ways: ['public_key', 'certificates'],
    gateway: 'https://api.mch.weixin.qq.com',
    sandbox_gateway: null,
  },
];

function account(channel: string, shown: Record<string, string>): AccountView {
  return {
    id: `demo-${channel}`,
    channel,
    label: '',
    sandbox: true,
    charges: true,
    paused: false,
    has_readers: channel === 'stripe',
    reader: null,
    gateway: 'http://sandbox.localhost',
    shown,
    kept: ['private_key'],
    rate_millionths: 6000,
    rates: [],
    keys: [
      {
        id: 'a3f1c09b77de2215-0c9e51d2',
        state: 'active',
        fingerprint: 'a3f1 c09b 77de 2215 8e02 4c61 9d3b 57f0',
        created_at: NOW,
        expires_at: null,
      },
    ],
    peers: [],
    expires_at: null,
    state: 'ready',
    open_doubts: 0,
  };
}

const LINES = [
  'fields',
  'key_pair',
  'expiry',
  'reach',
  'tls',
  'clock',
  'signature',
  'answer',
  'binding',
  'bill',
] as const;

const PARAMS: Record<string, Record<string, string>> = {
  reach: { host: 'openapi.alipay.com' },
  clock: { seconds: '0' },
};

export function accountAnswers(): AccountAnswers {
  const keys: KeysStatus = {
    state: 'open',
    kept_in: 'key_file',
    asks_passphrase: false,
    wait_seconds: 0,
  };
  const accounts = [
    account('alipay', { app_id: '2021000000000001', seller_id: '2088000000000001' }),
    account('stripe', { account: 'acct_1TestTestTest', reader: 'tmr_FTestTestTest' }),
    account('wechatpay', { appid: 'wx0000000000000001', mchid: '1900000001' }),
  ];
  const one = (id: string): AccountView =>
    accounts.find((known) => known.id === id) ?? account('alipay', {});
  return {
    list_channels: () => ({ channels: FORMS }),
    list_accounts: () => ({ accounts, keys }),
    check_account: ({ draft }) => ({
      fields: Object.keys(draft.fields).map((name) => ({
        field: name,
        problem: null,
        notes: [],
        params: {},
        form: null,
        encoding: null,
        bits: null,
        fingerprint: null,
        expires_at: null,
      })),
      ready: true,
    }),
    test_account: () => ({
      lines: LINES.map((line) => ({
        line,
        state: 'ok' as const,
        text: `doctor_${line}_ok`,
        params: PARAMS[line] ?? {},
        evidence: null,
        field: null,
      })),
      passed: true,
      at: NOW,
    }),
    add_account: ({ draft }) => account(draft.channel, {}),
    change_account: ({ account_id }) => one(account_id),
    list_readers: () => ({ readers: [], chosen: null }),
    choose_reader: ({ account_id }) => one(account_id),
    remove_account: ({ account_id }) => ({
      accounts: accounts.filter((known) => known.id !== account_id),
      keys,
    }),
    keys_status: () => keys,
    unlock_keys: () => keys,
    lock_keys: () => ({ ...keys, state: 'locked' }),
    change_passphrase: () => keys,
  };
}
