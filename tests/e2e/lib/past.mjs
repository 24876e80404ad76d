// The demo's past.

/** The accounts of one of its days that have sales. */
export const traded = (accounts) => accounts.filter(({ account }) => account.channel !== 'unionpay');
