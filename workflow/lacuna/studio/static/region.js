// Which part of a picture a graph works on, and at what size.
//
// A graph takes every size. It is given a picture whole if neither side is longer than the working size; of a longer one
// a region of the working size around the hole, pixel for pixel; a hole that leaves too little of that gets a larger
// region, which is scaled down.

const LEAST_CONTEXT = 1.25; // sides of a region over sides of the hole, below which it is too little
const CONTEXT = 2; // the same, of a region that must be scaled anyway

// `start` of a stretch of `length` that is centred on [from, to] and kept inside [0, limit].
function place(from, to, length, limit) {
  return Math.max(0, Math.min(limit - length, Math.round((from + to - length) / 2)));
}

// bounds: the hole's rectangle in a picture of width × height; working: pixels.
// Returns {left, top, width, height} inside the picture and {outWidth, outHeight}, the size that the graph is given.
export function region(bounds, width, height, working) {
  const holeWidth = bounds.right - bounds.left, holeHeight = bounds.bottom - bounds.top;
  let wide = width, high = height;
  if (width > working || height > working) {
    [wide, high] = [holeWidth, holeHeight].map((side) => (LEAST_CONTEXT * side <= working ? working : CONTEXT * side));
    [wide, high] = [Math.min(width, Math.max(wide, high)), Math.min(height, Math.max(wide, high))];
  }
  const scale = Math.min(1, working / Math.max(wide, high));
  return {
    left: place(bounds.left, bounds.right, wide, width),
    top: place(bounds.top, bounds.bottom, high, height),
    width: wide, height: high,
    outWidth: Math.max(1, Math.round(wide * scale)), outHeight: Math.max(1, Math.round(high * scale)),
  };
}

// How large the graph sees the region: 1 = pixel for pixel. By the longer side, which rounding changes least.
export function scaleOf(part) {
  return Math.max(part.outWidth, part.outHeight) / Math.max(part.width, part.height);
}
