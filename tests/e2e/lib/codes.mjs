// Payment codes of sandbox customers: the channel's prefix, random digits, and two digits that choose the behaviour.
import { randomInt } from 'node:crypto';

const digits = (count) => Array.from({ length: count }, () => randomInt(10)).join('');

export const CUSTOMER = { pays: '00', noAnswerButPaid: '05' };

export const alipayCode = (customer = CUSTOMER.pays) => `28${digits(14)}${customer}`;
export const wechatCode = (customer = CUSTOMER.pays) => `13${digits(14)}${customer}`;
