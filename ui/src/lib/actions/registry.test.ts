import { describe, expect, it } from 'vitest';
import { ActionRegistry, pressName } from './registry';

const press = (key: string, ctrlKey = false) => ({
  key,
  ctrlKey,
  metaKey: false,
  altKey: false,
  shiftKey: false,
});
const action = (id: string, keys: string, possible = true) => ({
  id,
  group: 'go' as const,
  keys,
  label: () => id,
  possible: () => possible,
  run: () => undefined,
});

describe('the action registry', () => {
  it('finds the action of a key', () => {
    const registry = new ActionRegistry();
    registry.add([action('pay', 'F2'), action('palette', 'Ctrl+K')]);
    expect(registry.forPress(press('F2'))?.id).toBe('pay');
    expect(registry.forPress(press('k', true))?.id).toBe('palette');
    expect(registry.forPress(press('k'))).toBeNull();
    expect(pressName(press('r'))).toBe('R');
  });

  it('refuses to act when two claim one key', () => {
    const registry = new ActionRegistry();
    registry.add([action('one', 'P'), action('two', 'P')]);
    expect(registry.forPress(press('p'))).toBeNull();
  });

  it('passes over what is not possible now', () => {
    const registry = new ActionRegistry();
    registry.add([action('one', 'P'), action('two', 'P', false)]);
    expect(registry.forPress(press('p'))?.id).toBe('one');
  });

  it('forgets a screen that is gone, and takes no name twice', () => {
    const registry = new ActionRegistry();
    const remove = registry.add([action('one', 'P')]);
    expect(() => registry.add([action('one', 'R')])).toThrow('one');
    remove();
    expect(registry.forPress(press('p'))).toBeNull();
  });
});
