// The demo's past. Its differences lie on yesterday, whose bills the sandbox gives at any hour; what fetches bills by
// itself asks for them from the channels' hours on only, which is after ten in China.

/** Yesterday by the channels' clock. */
export const yesterday = () => new Date(Date.now() + (8 - 24) * 3_600_000).toISOString().slice(0, 10);

const hasSales = ({ channel }) => !['btcpay', 'stripe', 'unionpay'].includes(channel);

/** The accounts of one of its days that have sales. */
export const traded = (accounts) => accounts.filter(({ account }) => hasSales(account));

/** What runs through the missing bills bring, one for each account; gives the accounts. */
export async function fetchMissing(ask) {
  const { accounts } = await ask('reconcile_days', { account_id: null });
  for (const { id } of accounts) {
    await ask('fetch_missing_bills', { account_id: id });
    while (!(await ask('bill_run', {})).run.is_over) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return accounts;
}

/** Every bill of the past, yesterday's included, is fetched and kept. */
export async function fetchPast(ask) {
  for (const { id } of (await fetchMissing(ask)).filter(hasSales)) {
    const of = { account_id: id, day: yesterday() };
    const { days } = await ask('reconcile_days', { account_id: id });
    const { result, flow } = days.find(({ day }) => day === of.day);
    if (!result) await ask('import_bill', { preview: (await ask('fetch_bill', of)).preview });
    if (!flow) await ask('import_flow', { preview: (await ask('fetch_flow', of)).preview });
  }
}
