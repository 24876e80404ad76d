// The rules every page is held to, for pages that are opened beside the till's own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { picture } from '../lib/place.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Every violation as one readable line; an empty list is the only good answer. */
export async function violationsIn(page, { framed = false } = {}) {
  await page.evaluate(AXE);
  // Landmarks belong to the page around a frame, which is looked at with the frame in it.
  const off = framed ? ['landmark-one-main', 'region'] : [];
  return page.evaluate(async ([tags, off]) => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
      iframes: false,
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`),
    );
  }, [RULES, off]);
}

/**
 * Looks at pages as they are met: a picture of each, and axe's violations, which `verdict` hands over once.
 * Judged after the test, so that one look that finds something does not keep the others from being made.
 */
export function looks() {
  const found = [];
  const seen = new Set();
  return {
    async at(page, name, { fullPage = false } = {}) {
      assert.ok(!seen.has(name), `${name} was looked at twice`);
      seen.add(name);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: picture(`page-${name}`), animations: 'disabled', caret: 'hide', fullPage });
      for (const line of await violationsIn(page)) found.push(`${name}: ${line}`);
    },
    verdict: () => assert.deepEqual(found.splice(0), []),
  };
}
