// Which part of a picture a graph works on, and at what size.
//
// A graph of any size takes a picture whole if neither side is longer than the working size. A longer one is cut to a
// region around the hole, at least twice as wide and high as the hole where the picture allows it; what is still longer
// than the working size is scaled down. A graph of one fixed size takes a region of its own shape, likewise scaled;
// where the picture ends before the region does, its edge pixels are repeated (and count as valid).

const CONTEXT = 2; // sides of the region over sides of the hole
const LEAST_CONTEXT = 1.25; // where the picture leaves no room for more

// `start` of a stretch of `length` that is centred on [from, to] and kept inside [0, limit] if it fits in there.
function place(from, to, length, limit) {
  if (length >= limit) return -Math.floor((length - limit) / 2);
  return Math.max(0, Math.min(limit - length, Math.round((from + to - length) / 2)));
}

// bounds: the hole's rectangle; size: the graph's facts {fixed: [height, width] or null, minimum}; working: pixels.
// Returns {left, top, width, height} in the picture and {outWidth, outHeight}, the size that the graph is given.
export function region(bounds, width, height, size, working) {
  const holeWidth = bounds.right - bounds.left, holeHeight = bounds.bottom - bounds.top;
  let wide, high, outWidth, outHeight;
  if (size.fixed) {
    [outHeight, outWidth] = size.fixed;
    const need = Math.max(holeWidth / outWidth, holeHeight / outHeight);
    const fits = Math.min(width / outWidth, height / outHeight);
    const factor = Math.max(1, Math.min(CONTEXT * need, Math.max(LEAST_CONTEXT * need, fits)));
    wide = Math.round(outWidth * factor);
    high = Math.round(outHeight * factor);
  } else {
    wide = width;
    high = height;
    if (width > working || height > working) {
      wide = Math.max(working, CONTEXT * holeWidth);
      high = Math.max(working, CONTEXT * holeHeight);
      [wide, high] = [Math.min(width, Math.max(wide, high)), Math.min(height, Math.max(wide, high))];
    }
    const scale = Math.min(1, working / Math.max(wide, high));
    wide = Math.max(wide, Math.ceil(size.minimum / scale));
    high = Math.max(high, Math.ceil(size.minimum / scale));
    outWidth = Math.max(size.minimum, Math.round(wide * scale));
    outHeight = Math.max(size.minimum, Math.round(high * scale));
  }
  return {
    left: place(bounds.left, bounds.right, wide, width),
    top: place(bounds.top, bounds.bottom, high, height),
    width: wide, height: high, outWidth, outHeight,
  };
}

// How large the graph sees the region: 1 = pixel for pixel.
export function scaleOf(part) {
  return part.outWidth / part.width;
}
