// What does not fit: texts that are wider than their box or cut by one around it and are not shortened on purpose,
// pictures that did not load, and a window that scrolls.

/** Every text that is cut or runs out of its box, as one readable line; an empty list is the only good answer. */
export const overflowsIn = (page) =>
  page.evaluate(() => {
    const found = [];
    const { documentElement: all } = document;
    if (all.scrollWidth > all.clientWidth) found.push(`the page is ${all.scrollWidth} px wide`);
    if (all.scrollHeight > all.clientHeight + 1) found.push(`the page is ${all.scrollHeight} px high`);
    const hasText = (element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    for (const image of document.images) {
      if (image.complete && image.naturalWidth === 0) found.push(`no picture: ${image.alt}`);
    }
    /** The box around an element that cuts it off at its end, if there is one. */
    const cutBy = (element) => {
      const { right } = element.getBoundingClientRect();
      for (let box = element.parentElement; box; box = box.parentElement) {
        const { overflowX, textOverflow } = getComputedStyle(box);
        if (overflowX === 'auto' || overflowX === 'scroll') return null;
        if (overflowX === 'visible') continue;
        if (right > box.getBoundingClientRect().right + 1) {
          return textOverflow === 'ellipsis' && getComputedStyle(element).display === 'inline'
            ? null
            : box;
        }
      }
      return null;
    };
    for (const element of document.body.querySelectorAll('*')) {
      // A box of no width is an inline one, which cannot overflow by itself.
      if (!(element instanceof HTMLElement) || element.clientWidth === 0 || !hasText(element)) continue;
      const wide = element.scrollWidth > element.clientWidth + 1;
      if (!wide && !cutBy(element)) continue;
      const style = getComputedStyle(element);
      const isHidden = element.closest('.visually-hidden') || style.clipPath !== 'none';
      if (isHidden || style.visibility === 'hidden' || !element.checkVisibility()) continue;
      const isShortened = style.textOverflow === 'ellipsis' && style.overflowX !== 'visible';
      if (wide && isShortened && !cutBy(element)) continue;
      const name = element.closest('[data-testid]')?.getAttribute('data-testid') ?? '';
      const text = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
      found.push(
        `${element.tagName.toLowerCase()}.${element.className} in ${name}: “${text}” is ` +
          `${element.scrollWidth} px wide in ${element.clientWidth}`,
      );
    }
    return found;
  });
