// What does not fit: texts that are wider than their box and are not shortened on purpose, and a window that scrolls.

/** Every text that is cut or runs out of its box, as one readable line; an empty list is the only good answer. */
export const overflowsIn = (page) =>
  page.evaluate(() => {
    const found = [];
    const { documentElement: all } = document;
    if (all.scrollWidth > all.clientWidth) found.push(`the page is ${all.scrollWidth} px wide`);
    if (all.scrollHeight > all.clientHeight + 1) found.push(`the page is ${all.scrollHeight} px high`);
    const hasText = (element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    for (const element of document.body.querySelectorAll('*')) {
      // A box of no width is an inline one, which cannot overflow by itself.
      if (!(element instanceof HTMLElement) || element.clientWidth === 0 || !hasText(element)) continue;
      if (element.scrollWidth <= element.clientWidth + 1) continue;
      const style = getComputedStyle(element);
      const isHidden = element.closest('.visually-hidden') || style.clipPath !== 'none';
      if (isHidden || style.visibility === 'hidden' || !element.checkVisibility()) continue;
      if (style.textOverflow === 'ellipsis' && style.overflowX !== 'visible') continue;
      const name = element.closest('[data-testid]')?.getAttribute('data-testid') ?? '';
      const text = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
      found.push(
        `${element.tagName.toLowerCase()}.${element.className} in ${name}: “${text}” is ` +
          `${element.scrollWidth} px wide in ${element.clientWidth}`,
      );
    }
    return found;
  });
