import { afterEach, describe, expect, it } from 'vitest';
import { preferences } from '$lib/state/preferences.svelte';
import { EnteredAmount, exceeds, minorOfDecimal } from './entry';
import {
  decimalText,
  formatMoney,
  formatOutgoing,
  formatRate,
  percentField,
  rateFromPercent,
} from './format';

const cny = (minor: string) => ({ minor, currency: 'CNY', exponent: 2 });

describe('money as text', () => {
  afterEach(() => (preferences.locale = 'zh-CN'));

  it.each([
    ['4650', 2, '46.50'],
    ['5', 2, '0.05'],
    ['-5', 2, '-0.05'],
    ['500', 0, '500'],
    ['1234', 3, '1.234'],
    ['7', 4, '0.0007'],
    ['9007199254740993000', 2, '90071992547409930.00'],
  ])('%s with %i decimals is %s', (minor, exponent, text) => {
    expect(decimalText(minor, exponent)).toBe(text);
  });

  it('prints the narrow sign in both languages', () => {
    expect(formatMoney(cny('123456'))).toBe('¥1,234.56');
    preferences.locale = 'en';
    expect(formatMoney(cny('123456'))).toBe('¥1,234.56');
  });

  it('keeps every digit beyond what a number can hold', () => {
    expect(formatMoney(cny('9007199254740993001'))).toBe('¥90,071,992,547,409,930.01');
  });

  it('writes a real minus sign', () => {
    expect(formatOutgoing(cny('6800'))).toBe('\u2212¥68.00');
    expect(formatMoney(cny('-6800'))).toBe('\u2212¥68.00');
  });

  it.each([
    ['0.6', 6000],
    ['0.38%', 3800],
    ['100', 1_000_000],
    ['', null],
    ['100.1', undefined],
    ['0.00001', undefined],
    ['x', undefined],
  ])('a rate of %j per cent is %j millionths', (text, millionths) => {
    expect(rateFromPercent(text)).toBe(millionths);
  });

  it('shows a rate and puts it back into its field', () => {
    expect(formatRate(6000)).toBe('0.6%');
    expect(percentField(6000)).toBe('0.6');
    expect(percentField(1_000_000)).toBe('100');
    expect(percentField(null)).toBe('');
  });
});

describe('typing an amount', () => {
  const type = (text: string, entry: 'from_the_right' | 'with_point', exponent = 2): string =>
    [...text].reduce((amount, key) => amount.typed(key), new EnteredAmount('', exponent, entry))
      .minor;

  it('fills from the right', () => {
    expect(type('4650', 'from_the_right')).toBe('4650');
    expect(type('004', 'from_the_right')).toBe('4');
    expect(type('4.5', 'from_the_right')).toBe('45');
  });

  it('takes a decimal point where that is chosen', () => {
    expect(type('46.5', 'with_point')).toBe('4650');
    expect(type('46.505', 'with_point')).toBe('4650');
    expect(type('.5', 'with_point')).toBe('50');
    expect(type('500.', 'with_point', 0)).toBe('500');
  });

  it('stops before it is longer than any limit', () => {
    expect(type('1234567890123456', 'from_the_right')).toBe('1234567890');
  });

  it('reads a typed refund or refuses it', () => {
    expect(minorOfDecimal('200', 2)).toBe('20000');
    expect(minorOfDecimal('1,200.5', 2)).toBe('120050');
    expect(minorOfDecimal('0.001', 2)).toBeNull();
    expect(minorOfDecimal('-1', 2)).toBeNull();
    expect(minorOfDecimal('1e3', 2)).toBeNull();
  });

  it('compares amounts of any length', () => {
    expect(exceeds('20001', '20000')).toBe(true);
    expect(exceeds('9999', '20000')).toBe(false);
    expect(exceeds('20000', '20000')).toBe(false);
    expect(exceeds('9007199254740993', '9007199254740992')).toBe(true);
  });
});
