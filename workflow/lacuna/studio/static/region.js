// Which part of a picture a graph works on, and at what size.
//
// A graph of any size takes a picture whole if neither side is longer than the working size. Of a longer one it takes a
// region of the working size around the hole, pixel for pixel; a hole that leaves too little of that gets a larger
// region, which is scaled down. A graph of one fixed size takes a region of its own shape, likewise scaled; where the
// picture ends before the region does, its edge pixels are repeated (and count as valid).

const LEAST_CONTEXT = 1.25; // sides of a region over sides of the hole, below which it is too little
const CONTEXT = 2; // the same, of a region that must be scaled anyway

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
    const factor = LEAST_CONTEXT * need <= 1 ? 1 : Math.max(LEAST_CONTEXT * need, Math.min(CONTEXT * need, fits));
    wide = Math.round(outWidth * factor);
    high = Math.round(outHeight * factor);
  } else {
    wide = width;
    high = height;
    if (width > working || height > working) {
      [wide, high] = [holeWidth, holeHeight].map((side) => (LEAST_CONTEXT * side <= working ? working : CONTEXT * side));
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
