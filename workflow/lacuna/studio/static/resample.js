// Scaling with a triangle filter that is as wide as the pixels of the coarser grid, so that nothing aliases.

// For every output position the first input position and the weights, which add up to 1.
export function taps(inSize, outSize) {
  const scale = inSize / outSize, support = Math.max(1, scale);
  return Array.from({ length: outSize }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(inSize, Math.floor(centre + support + 0.5));
    const weights = [];
    for (let at = first; at < last; at++) weights.push(Math.max(0, 1 - Math.abs(at + 0.5 - centre) / support));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

// pixels: height × width × channels, uint8. Returns outHeight × outWidth × channels, uint8.
export function resample(pixels, width, height, channels, outWidth, outHeight) {
  if (width === outWidth && height === outHeight) return pixels.slice();
  const across = taps(width, outWidth), down = taps(height, outHeight);
  const rows = new Float32Array(height * outWidth * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (const { first, weights } of across) {
      for (let c = 0; c < channels; c++, to++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * pixels[(y * width + first + k) * channels + c];
        rows[to] = sum;
      }
    }
  }
  const out = new Uint8ClampedArray(outHeight * outWidth * channels), stride = outWidth * channels;
  for (let y = 0, to = 0; y < outHeight; y++) {
    const { first, weights } = down[y];
    for (let x = 0; x < stride; x++, to++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * rows[(first + k) * stride + x];
      out[to] = sum; // a clamped array rounds
    }
  }
  return new Uint8Array(out.buffer);
}

// A scaled pixel is hole if anything that its filter touches is: nothing from under the hole counts as valid.
export function resampleHole(hole, width, height, outWidth, outHeight) {
  if (width === outWidth && height === outHeight) return hole.slice();
  const across = taps(width, outWidth), down = taps(height, outHeight);
  const touched = ({ first, weights }, value) => weights.some((weight, k) => weight > 0 && value(first + k));
  const rows = new Uint8Array(height * outWidth), out = new Uint8Array(outHeight * outWidth);
  for (let y = 0; y < height; y++) {
    across.forEach((tap, x) => { rows[y * outWidth + x] = touched(tap, (at) => hole[y * width + at]); });
  }
  down.forEach((tap, y) => {
    for (let x = 0; x < outWidth; x++) out[y * outWidth + x] = touched(tap, (at) => rows[at * outWidth + x]);
  });
  return out;
}
