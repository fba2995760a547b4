// From the painted hole to a result: what is asked of the chosen graph, and what is said about it afterwards.

import { inputs, paste } from "./compositing.js";
import { run } from "./inference.js";
import { Refused } from "./picture.js";
import { checked } from "./probe.js";
import { region, scaleOf } from "./region.js";

const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

// Resolves to {pixels: RGBA, said}; `say` is called with what happens meanwhile. `signal` is an AbortSignal. The hole is
// taken as it is now: what is painted while the graph works changes nothing.
export async function fill(picture, hole, system, working, wanted, signal, say) {
  const bounds = hole.bounds();
  if (!bounds) throw new Refused("There is no hole yet: paint over what is to be filled.");
  if (hole.count() === hole.data.length) {
    throw new Refused("The whole picture is hole: leave something from which it can be filled.");
  }
  const part = region(bounds, picture.width, picture.height, working);
  const asked = { data: hole.data.slice() };
  const { image, mask } = inputs(picture, asked, part);
  if (mask.every((value) => value)) {
    throw new Refused("Seen at the working size nothing but hole is left around it: choose a larger working size.");
  }
  say(`Loading ${system.title} (${megabytes(system.bytes)} MB) …`);
  const { provider, remark } = await checked(wanted, system, (given) => run(given, signal));
  const request = { provider, model: system.file, image, mask, width: part.outWidth, height: part.outHeight };
  const answer = await run(request, signal, () => say(`${system.title} works on ${part.outWidth} × ${part.outHeight} pixels …`));
  const said = remark + summary(system, part, picture, provider, answer);
  return { pixels: paste(picture, asked, part, answer.pixels), said };
}

function summary(system, part, picture, provider, { seconds, threads }) {
  const by = provider === "webgpu" ? "WebGPU" : `WebAssembly, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const whole = part.width === picture.width && part.height === picture.height;
  const scale = scaleOf(part);
  const seen = scale === 1
    ? (whole ? "the whole picture, pixel for pixel" : `${part.width} × ${part.height} pixels around the hole, pixel for pixel`)
    : `${whole ? "the whole picture" : `${part.width} × ${part.height} pixels around the hole`}, scaled to ` +
      `${part.outWidth} × ${part.outHeight} (${(100 * scale).toFixed(0)} %), so the filling is coarser than the picture; ` +
      "smaller holes, one after the other, are filled finer";
  return `${system.title} took ${seconds.toFixed(2)} s (${by}). It saw ${seen}. Outside the hole nothing changed.`;
}
