// Runs graphs off the page's thread, so that the page stays alive. One message in, one answer out.

// Which build of ONNX Runtime Web runs what; the first is smaller and is all that most browsers need.
const BUILDS = {
  wasm: { script: "ort.wasm.bundle.min.mjs", wasm: "ort-wasm-simd-threaded.wasm" },
  webgpu: { script: "ort.webgpu.bundle.min.mjs", wasm: "ort-wasm-simd-threaded.asyncify.wasm" },
};
const MOST_THREADS = 4;

const runtimes = new Map(); // provider → module
const sessions = new Map(); // provider → {model, session}: the graph used last

async function runtime(provider, folder) {
  if (!runtimes.has(provider)) {
    const build = BUILDS[provider];
    const module = await import(folder + build.script);
    module.env.wasm.wasmPaths = { wasm: folder + build.wasm };
    // Threads need shared memory, which a browser gives only to pages served with the isolation headers.
    module.env.wasm.numThreads = self.crossOriginIsolated
      ? Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)) : 1;
    module.env.logLevel = "error";
    runtimes.set(provider, module);
  }
  return runtimes.get(provider);
}

async function load(ort, { provider, model }) {
  if (sessions.get(provider)?.model !== model) {
    await sessions.get(provider)?.session.release();
    sessions.delete(provider);
    const response = await fetch(model);
    if (!response.ok) throw new Error(`${model} is missing beside this page`);
    // 3: errors only; what a card cannot do is done by the processor, and that is no warning to anybody here
    const options = { executionProviders: provider === "webgpu" ? ["webgpu", "wasm"] : ["wasm"], logSeverityLevel: 3 };
    sessions.set(provider, { model, session: await ort.InferenceSession.create(await response.arrayBuffer(), options) });
  }
  return sessions.get(provider).session;
}

// request: {id, provider, folder, model, image, mask, width, height}
self.addEventListener("message", async ({ data: request }) => {
  const { id, image, mask, width, height } = request;
  try {
    const ort = await runtime(request.provider, request.folder);
    const graph = await load(ort, request);
    self.postMessage({ id, loaded: true });
    const start = performance.now();
    const { composite } = await graph.run({
      image: new ort.Tensor("uint8", image, [height, width, 3]),
      mask: new ort.Tensor("uint8", mask, [height, width]),
    });
    const pixels = new Uint8Array(await composite.getData());
    const seconds = (performance.now() - start) / 1000;
    self.postMessage({ id, pixels, seconds, threads: ort.env.wasm.numThreads }, [pixels.buffer]);
  } catch (error) {
    self.postMessage({ id, error: error?.message ?? String(error) });
  }
});
