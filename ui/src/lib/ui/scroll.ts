/// Where a list stands: rows are many, but engines cap how tall an element may be. Above the cap the
/// scrollbar is a scale of the list, and the exact place is kept apart from it.

/// Below every engine's cap, and every whole pixel up to it is exact in a transform.
export const EXTENT_MAX = 16_700_000;

export interface Scale {
  /// Height of the element that is scrolled.
  extent: number;
  /// The furthest the list itself can stand, in pixels of rows.
  topMax: number;
  /// Whether a pixel of the scrollbar is more than a pixel of the list.
  scaled: boolean;
  topOf(scrollTop: number): number;
  scrollOf(top: number): number;
}

export function scaleOf(total: number, rowHeight: number, height: number): Scale {
  const full = total * rowHeight;
  const extent = Math.min(full, EXTENT_MAX);
  const topMax = Math.max(0, full - height);
  const scrollMax = Math.max(0, extent - height);
  const within = (top: number): number => Math.max(0, Math.min(topMax, top));
  const scaled = full > EXTENT_MAX && scrollMax > 0;
  return {
    extent,
    topMax,
    scaled,
    topOf: (scrollTop) => within(scaled ? (scrollTop / scrollMax) * topMax : scrollTop),
    scrollOf: (top) => (scaled ? (within(top) / topMax) * scrollMax : within(top)),
  };
}
