// Pictures in and out: files, the clipboard, test images; PNG. Everything stays in this browser.

const MOST_PIXELS = 40e6;

export class Refused extends Error {}

// A decoded picture: {name, width, height, pixels: RGBA}, opaque. Of transparent parts the colours stored under them are
// taken, as by every command of Lacuna; `transparent` says so.
export async function decode(blob, name) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new Refused(`${name} is not a picture that this browser can read; take a PNG, JPEG or WebP file.`);
  }
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    throw new Refused(
      `${name} has ${Math.round(width * height / 1e6)} million pixels, and this page takes at most ` +
      `${MOST_PIXELS / 1e6} million; make it smaller, or use the command “lacuna inpaint”.`,
    );
  }
  const context = surface(width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  let { data } = context.getImageData(0, 0, width, height);
  let transparent = false;
  for (let at = 3; at < data.length && !transparent; at += 4) transparent = data[at] < 255;
  if (transparent) {
    data = await storedColours(blob, width, height);
    if (!data) {
      throw new Refused(
        `${name} has transparent parts, and this browser does not tell the colours under them; save it without ` +
        "transparency, or use the command “lacuna inpaint”.",
      );
    }
  }
  return { name, width, height, pixels: data, transparent };
}

// The colours of a picture without its alpha, or null. A canvas multiplies colours by their alpha, so that those of
// what cannot be seen at all are lost; a texture keeps them.
async function storedColours(blob, width, height) {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return null;
  const side = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE), 4096);
  const colours = new Uint8ClampedArray(4 * width * height);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  const whole = await createImageBitmap(blob, { premultiplyAlpha: "none" });
  for (let top = 0; top < height; top += side) {
    for (let left = 0; left < width; left += side) {
      const size = [Math.min(side, width - left), Math.min(side, height - top)];
      const part = await createImageBitmap(whole, left, top, ...size, { premultiplyAlpha: "none" });
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, part);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      const read = new Uint8Array(4 * size[0] * size[1]);
      gl.readPixels(0, 0, ...size, gl.RGBA, gl.UNSIGNED_BYTE, read);
      part.close();
      for (let row = 0; row < size[1]; row++) {
        colours.set(read.subarray(4 * size[0] * row, 4 * size[0] * (row + 1)), 4 * ((top + row) * width + left));
      }
    }
  }
  whole.close();
  if (gl.getError()) return null;
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  for (let at = 3; at < colours.length; at += 4) colours[at] = 255;
  return colours;
}

// The picture behind an address of this page.
export async function fetched(url, name) {
  const response = await fetch(url);
  if (!response.ok) throw new Refused(`${url} is missing beside this page; make the studio again.`);
  return decode(await response.blob(), name);
}

// The first picture among files that were chosen, dropped or pasted, or null.
export function firstPicture(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/")) ?? transfer?.files?.[0] ?? null;
}

// Save RGBA pixels as a PNG file.
export async function savePng(pixels, width, height, name) {
  const context = surface(width, height);
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  const blob = await new Promise((resolve) => context.canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function surface(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", { willReadFrequently: true });
}
