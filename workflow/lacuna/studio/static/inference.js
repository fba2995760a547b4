// The page's side of the worker: ask for a run, stop it, know which providers there are.

const FOLDER = new URL("runtime/", import.meta.url).href;

let worker = null, waiting = null, number = 0;

// WebGPU where the browser has it, first where a real graphics card is behind it.
export async function providers() {
  let adapter = null;
  try {
    adapter = await navigator.gpu?.requestAdapter();
  } catch { /* a browser without a usable card says so by refusing */ }
  if (!adapter) return ["wasm"];
  return adapter.info?.isFallbackAdapter ? ["wasm", "webgpu"] : ["webgpu", "wasm"];
}

// Resolves to {pixels, seconds, threads}; rejects with an Error whose message says why, and with `Stopped` when the
// AbortSignal says so. `onLoaded` is called between.
export async function run({ provider, model, image, mask, width, height }, signal, onLoaded = () => {}) {
  if (signal.aborted) throw new Stopped();
  signal.addEventListener("abort", stop, { once: true });
  worker ??= start();
  const id = ++number;
  return new Promise((resolve, reject) => {
    waiting = { id, resolve, reject, onLoaded };
    const url = new URL(model, import.meta.url).href;
    worker.postMessage({ id, provider, folder: FOLDER, model: url, image, mask, width, height });
  });
}

export class Stopped extends Error {}

// A run cannot be interrupted, so its worker is ended; the next run starts another.
function stop() {
  if (!waiting) return;
  worker.terminate();
  worker = null;
  settle("reject", new Stopped());
}

function start() {
  const started = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data }) => {
    if (data.id !== waiting?.id) return;
    if (data.loaded) waiting.onLoaded();
    else if (data.error) settle("reject", new Error(data.error));
    else settle("resolve", data);
  });
  started.addEventListener("error", (event) => {
    event.preventDefault();
    worker = null;
    settle("reject", new Error(event.message || "its script could not be started"));
  });
  return started;
}

function settle(how, value) {
  const settled = waiting;
  waiting = null;
  settled?.[how](value);
}
