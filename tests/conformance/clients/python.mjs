// Runs the Python client and takes over its checks.
import { runClient } from '../lib/client.mjs';

/** `part` is `trade`, `bills` or `forged`; `more` is what that part needs to know. */
export const run = (suite, sandbox, python, part, more = {}) =>
  runClient(suite, python, ['clients/wechatpay.py', part], {
    url: sandbox.url,
    merchant: sandbox.merchant.wechatpay,
    ...more,
  });
