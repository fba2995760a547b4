// From the picture to what a graph takes, and from what it returns back into the hole.

import { resample, resampleHole } from "./resample.js";

// The part of a picture that `region` chose: {image: H×W×3, mask: H×W with 255 = hole}, both uint8 at the graph's size.
export function inputs(picture, hole, part) {
  const { left, top, width, height, outWidth, outHeight } = part;
  const image = new Uint8Array(width * height * 3), mask = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const from = (top + y) * picture.width + left + x;
      for (let c = 0; c < 3; c++) image[3 * at + c] = picture.pixels[4 * from + c];
      mask[at] = hole.data[from] ? 255 : 0;
    }
  }
  return {
    image: resample(image, width, height, 3, outWidth, outHeight),
    mask: resampleHole(mask, width, height, outWidth, outHeight).map((value) => (value ? 255 : 0)),
  };
}

// The whole picture as RGBA, with the hole's pixels alone taken from a composite of the graph's size.
export function paste(picture, hole, part, composite) {
  const filled = resample(composite, part.outWidth, part.outHeight, 3, part.width, part.height);
  const pixels = picture.pixels.slice();
  for (let y = 0, from = 0; y < part.height; y++) {
    for (let x = 0; x < part.width; x++, from++) {
      const to = (part.top + y) * picture.width + part.left + x;
      if (!hole.data[to]) continue;
      for (let c = 0; c < 3; c++) pixels[4 * to + c] = filled[3 * from + c];
    }
  }
  return pixels;
}
