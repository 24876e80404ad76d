import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');

function tokens(theme: 'light' | 'dark'): Record<string, string> {
  const block = new RegExp(`\\[data-theme='${theme}'\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]),
  ) as Record<string, string>;
}

/// Relative luminance and contrast as WCAG 2.2 defines them.
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [
    number,
    number,
  ];
  return (light + 0.05) / (dark + 0.05);
}

const TEXT: [string, string[]][] = [
  ['text', ['bg', 'surface', 'surface-2', 'hover', 'accent-weak', 'warn-weak', 'danger-weak']],
  [
    'text-2',
    [
      'bg',
      'surface',
      'surface-2',
      'hover',
      'muted-weak',
      'accent-weak',
      'warn-weak',
      'danger-weak',
    ],
  ],
  ['text-3', ['bg', 'surface', 'surface-2', 'hover']],
  ['accent', ['bg', 'surface', 'accent-weak', 'hover']],
  ['ok', ['surface', 'ok-weak']],
  ['warn', ['surface', 'warn-weak']],
  ['danger', ['surface', 'danger-weak']],
  ['info', ['surface', 'info-weak']],
  ['on-solid', ['accent-solid', 'ok-solid', 'danger-solid']],
];
const MARKS: [string, string[]][] = [
  ['border-strong', ['surface', 'bg']],
  ['accent', ['bg', 'surface', 'surface-2']],
  ...[1, 2, 3, 4, 5].map((n): [string, string[]] => [`chart-${n}`, ['surface']]),
];

describe.each(['light', 'dark'] as const)('%s tokens', (theme) => {
  const colours = tokens(theme);
  const check = (pairs: [string, string[]][], least: number): void => {
    for (const [front, backs] of pairs) {
      for (const back of backs) {
        const ratio = contrast(colours[front] ?? '#000000', colours[back] ?? '#000000');
        expect(ratio, `${front} on ${back}`).toBeGreaterThanOrEqual(least);
      }
    }
  };

  it('are all read from the file', () => {
    expect(Object.keys(colours).length).toBeGreaterThanOrEqual(29);
  });

  it('let every text be read', () => check(TEXT, 4.5));
  it('let every control and mark be seen', () => check(MARKS, 3));
});
