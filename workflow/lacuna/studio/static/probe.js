// Whether a graphics card computes what the processor computes. Kernels differ between cards and drivers, and a wrong
// one draws a wrong filling without an error. So before WebGPU is used for a graph, both fill a small known picture.

const SIDE = 64;
const TOLERANCE = 2; // of 255

const verdicts = new Map(); // model → largest difference inside the hole

// A picture of waves with a hole off its middle: {image, mask, width, height}.
export function probe() {
  const image = new Uint8Array(SIDE * SIDE * 3), mask = new Uint8Array(SIDE * SIDE);
  for (let y = 0, at = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, at++) {
      image[3 * at] = 128 + 100 * Math.sin(x / 5 + y / 17);
      image[3 * at + 1] = 128 + 100 * Math.cos(y / 4 - x / 23);
      image[3 * at + 2] = (37 * x + 91 * y) % 256;
      mask[at] = x > 0.2 * SIDE && x < 0.6 * SIDE && y > 0.3 * SIDE && y < 0.8 * SIDE ? 255 : 0;
    }
  }
  return { image, mask, width: SIDE, height: SIDE };
}

// The largest difference between the two, 0 to 255; asked once for each model. `run` takes a request as inference.js does.
async function difference(system, run) {
  if (!verdicts.has(system.file)) {
    const given = probe(), pixels = [];
    for (const provider of ["webgpu", "wasm"]) {
      pixels.push((await run({ provider, model: system.file, ...given })).pixels);
    }
    verdicts.set(system.file, pixels[0].reduce((most, value, at) => Math.max(most, Math.abs(value - pixels[1][at])), 0));
  }
  return verdicts.get(system.file);
}

// Resolves to {provider, remark}: the provider to use, and what is to be said if it is not the one that was asked for.
export async function checked(provider, system, run) {
  if (provider !== "webgpu") return { provider, remark: "" };
  const most = await difference(system, run);
  if (most <= TOLERANCE) return { provider, remark: "" };
  return {
    provider: "wasm",
    remark: `WebGPU filled a known picture otherwise than WebAssembly (by up to ${most} of 255), so it was not used. `,
  };
}
