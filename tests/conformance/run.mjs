// Independent clients against the sandbox: `node tests/conformance/run.mjs [suite…]`.
// Closes with `N passed, N failed` alone on a line; exit code 0, 1 when a check failed,
// 64 for wrong words, 69 when something could not be installed, built or started.
import { buildPrograms } from './lib/build.mjs';
import { Checks } from './lib/checks.mjs';
import { installPackages, installPython } from './lib/install.mjs';
import { Sandbox, stopAll } from './lib/sandbox.mjs';

const SUITES = {
  'alipay-sdk': async (suite, { shop }) => (await import('./clients/alipay.mjs')).run(suite, shop),
  'wechatpay-axios-plugin': async (suite, { shop }) => (await import('./clients/wechatpay.mjs')).run(suite, shop),
  wechatpayv3: async (suite, { shop, python }) => (await import('./clients/python.mjs')).run(suite, shop, python, 'trade'),
  btcpay: async (suite, { shop }) => (await import('./clients/btcpay.mjs')).run(suite, shop),
  stripe: async (suite, { shop }) => (await import('./clients/stripe.mjs')).run(suite, shop),
  'stripe-stateful-mock': async (suite, { shop }) => (await import('./clients/stripe_peer.mjs')).run(suite, shop),
  unionpay: async (suite, { shop }) => (await import('./clients/unionpay.mjs')).run(suite, shop),
  // The product's own connectors, their requests held against official documents.
  product: async (suite, { shop, programs }) =>
    (await import('./clients/product.mjs')).run(suite, shop, programs['paydesk-cli']),
  // Its day ends, so it has a sandbox of its own.
  bills: async (suite, { books, python }) => (await import('./clients/bills.mjs')).run(suite, books, python),
  // Generated files; no sandbox.
  truth: async (suite, { python, programs }) =>
    (await import('./clients/truth.mjs')).run(suite, python, programs.compared),
  // The payment interface, with a demo till of its own.
  interface: async (suite, { python, programs }) =>
    (await import('./clients/interface.mjs')).run(suite, python, programs['paydesk-cli']),
  // Samples of other projects; no sandbox.
  statements: async (suite, { python, programs }) =>
    (await import('./clients/statements.mjs')).run(suite, python, programs.movements),
  // Faults and the whole ledger are held still by one client at a time, so these follow one another.
  hostile: async (suite, { quiet }) => (await import('./clients/hostile.mjs')).run(suite, quiet),
  'stripe-python': async (suite, { quiet, python }) =>
    (await import('./clients/stripe.mjs')).runBroken(suite, quiet, python),
  forged: async (suite, { quiet, python }) => {
    await (await import('./clients/alipay.mjs')).runForged(suite, quiet);
    await (await import('./clients/wechatpay.mjs')).runForged(suite, quiet);
    const { run } = await import('./clients/python.mjs');
    await quiet.withFault({ name: 'bad_signature', scope: 'pay' }, () => run(suite, quiet, python, 'forged'));
  },
};
const ALONE = ['hostile', 'stripe-python', 'forged'];

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in SUITES));
if (unknown !== undefined) {
  console.error(`conformance: no suite \`${unknown}\`: ${Object.keys(SUITES).join(', ')}`);
  process.exit(64);
}
const names = asked.length > 0 ? asked : Object.keys(SUITES);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)));
}

const checks = new Checks();
try {
  installPackages();
  const python = installPython();
  const programs = buildPrograms();
  const [shop, quiet, books] = await Promise.all([1, 2, 3].map(() => Sandbox.start(programs['paydesk-cli'])));
  const given = { shop, quiet, books, python, programs };
  const run = (name) => checks.suite(name).run((suite) => SUITES[name](suite, given));
  const inTurn = async () => {
    for (const name of names.filter((known) => ALONE.includes(known))) await run(name);
  };
  await Promise.all([...names.filter((name) => !ALONE.includes(name)).map(run), inTurn()]);
} catch (error) {
  console.error(`conformance: ${error.message}`);
  await stopAll();
  process.exit(69);
}
await stopAll();
console.log(`${checks.passed} passed, ${checks.failed} failed`);
process.exitCode = checks.failed === 0 ? 0 : 1;
