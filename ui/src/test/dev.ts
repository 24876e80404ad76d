/// Entry of the page for looking at screens over the stand-in; never part of the shipped page.
/// `?locale=en&theme=dark&outcome=unknown&stage=first_run&rows=0` chooses what is shown.
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/parts.css';
import { mount } from 'svelte';
import { useTransport } from '$lib/api/client';
import type { AppStatus, PayState } from '$lib/api/contract';
import App from '$views/App.svelte';
import { FakeConsole } from './fake';

const query = new URLSearchParams(location.search);
const locale = (query.get('locale') ?? 'zh-CN') as AppStatus['locale'];
const outcome = query.get('outcome');
const rows = query.get('rows');

const fake = new FakeConsole({
  status: {
    locale,
    theme: (query.get('theme') ?? 'light') as AppStatus['theme'],
    stage: (query.get('stage') ?? 'ready') as AppStatus['stage'],
    mode: (query.get('mode') ?? 'demo') as AppStatus['mode'],
    ...(locale === 'en'
      ? { store_name: 'Demo store', operator: 'Cashier 1', operators: ['Cashier 1', 'Cashier 2'] }
      : {}),
  },
  ...(outcome ? { outcome: outcome as PayState } : {}),
  ...(rows ? { rows: Number(rows) } : {}),
});
useTransport(fake);
Object.assign(globalThis, { fake });

const target = document.getElementById('app');
if (target) mount(App, { target });
