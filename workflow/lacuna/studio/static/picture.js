// Pictures in and out: files, the clipboard, test images; PNG. Everything stays in this browser.

const MOST_PIXELS = 40e6;

export class Refused extends Error {}

// A decoded picture: {name, width, height, pixels: RGBA}. Transparent parts are laid on white; `flattened` says so.
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
  let flattened = false;
  for (let at = 3; at < data.length && !flattened; at += 4) flattened = data[at] < 255;
  if (flattened) {
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    ({ data } = context.getImageData(0, 0, width, height));
  }
  return { name, width, height, pixels: data, flattened };
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
