import { expect, test } from 'vitest';
import { handedOver, handoverView, isHandover, withoutMark } from './handover';

test('the mark is set once and never shown', () => {
  const kept = handedOver('客人明早取蛋糕');
  expect(handedOver(kept)).toBe(kept);
  expect(isHandover(kept)).toBe(true);
  expect(withoutMark(kept)).toBe('客人明早取蛋糕');
});

test('only the mark at the beginning counts', () => {
  expect(isHandover('see @handover')).toBe(false);
  expect(isHandover('@handovers')).toBe(false);
  expect(withoutMark('see @handover')).toBe('see @handover');
});

test('the list looks for what notes are marked with', () => {
  expect(isHandover(handoverView('Handover').search)).toBe(true);
});
