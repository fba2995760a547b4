// The studio: wires the controls to the picture, its hole and the graphs.

import { Board } from "./board.js";
import { fill } from "./filling.js";
import { History } from "./history.js";
import { Hole } from "./hole.js";
import { Stopped, providers } from "./inference.js";
import { bindKeys } from "./keys.js";
import { fillLists } from "./lists.js";
import { Refused, decode, fetched, firstPicture, savePng } from "./picture.js";

const element = (id) => document.getElementById(id);
const on = (id, event, act) => element(id).addEventListener(event, act);

const studio = { data: null, picture: null, history: null, result: null, running: null };

const tools = {
  tool: () => document.querySelector("input[name=tool]:checked").value,
  erasing: () => element("erase").checked,
  size: () => Number(element("size").value),
};
const board = new Board(tools, () => changed());

const say = (text) => { element("state").textContent = text; };
const stem = () => studio.picture.name.replace(/\.[^.]*$/, "");

function complain(error) {
  if (error instanceof Stopped) return;
  element("notice").textContent = error.message;
  element("notice").hidden = false;
  if (!(error instanceof Refused)) console.info(error);
}

// Run something that may be refused; what it says stays until the next thing is done.
async function attempt(act) {
  element("notice").hidden = true;
  try {
    await act();
  } catch (error) {
    complain(error);
  }
}

// ---------------------------------------------------------------- picture and hole

function show(picture, mask = null) {
  studio.running?.abort();
  const hole = new Hole(picture.width, picture.height);
  if (mask) hole.data.set(mask);
  Object.assign(studio, { picture, history: new History(hole), result: null });
  const shortest = Math.min(picture.width, picture.height);
  element("size").max = Math.max(8, Math.round(shortest / 2));
  element("size").value = Math.max(1, Math.round(shortest / 10));
  board.show(picture, studio.history);
  sized();
  changed();
}

async function open(blob, name) {
  if (!blob) throw new Refused("There is no picture in what was given; take a PNG, JPEG or WebP file.");
  show(await decode(blob, name || "pasted.png"));
  pressed(null);
  if (studio.picture.transparent) say("Of transparent parts of the picture the colours stored under them are taken.");
}

async function take(test, button) {
  const [picture, mask] = await Promise.all([fetched(test.image, test.name), fetched(test.mask, test.name)]);
  show(picture, new Uint8Array(picture.width * picture.height).map((_, at) => Number(mask.pixels[4 * at] > 127)));
  pressed(button);
}

function pressed(chosen) {
  for (const button of element("tests").children) button.setAttribute("aria-pressed", String(button === chosen));
}

function sized() {
  element("size-value").textContent = element("size").value;
}

// After every step: the result belongs to the hole that it was made for, and comes back when that hole does.
function changed() {
  const { picture, history, result, running } = studio;
  const current = result !== null && result.state === history.state;
  if (!current) element("show").checked = true;
  element("result").hidden = element("divider").hidden = element("comparing").hidden = !current;
  element("hole").style.opacity = element("show").checked ? 1 : 0;
  element("undo").disabled = !history.done.length;
  element("redo").disabled = !history.undone.length;
  for (const id of ["save", "keep"]) element(id).disabled = !current;
  element("run").disabled = running !== null || !studio.data.systems.length;
  element("stop").hidden = !running;
  const share = 100 * history.hole.count() / history.hole.data.length;
  if (!running) {
    say(current ? result.said : `${picture.name}: ${picture.width} × ${picture.height} pixels, ${share.toFixed(1)} % hole`);
  }
}

function step(act) {
  board.cancel();
  studio.history.begin();
  const area = act(studio.history.hole);
  studio.history.end(area);
  board.draw(area);
  changed();
}

function travel(direction) {
  board.cancel();
  const area = studio.history[direction]();
  if (!area) return;
  board.draw(area);
  changed();
}

// ---------------------------------------------------------------- filling

const chosenSystem = () => studio.data.systems[element("system").selectedIndex];

async function filled() {
  if (studio.running) return;
  board.cancel();
  const { picture, history } = studio, { state } = history;
  Object.assign(studio, { running: new AbortController(), result: null });
  changed();
  // the lists may be changed while the graph works
  const [system, size, provider] = [chosenSystem(), Number(element("working").value), element("provider").value];
  try {
    const { pixels, said } = await fill(picture, history.hole, system, size, provider, studio.running.signal, say);
    if (studio.history !== history) return;
    studio.result = { state, pixels, said, system };
    board.put("result", pixels);
    element("show").checked = state !== history.state;
  } catch (error) {
    if (error instanceof Refused || error instanceof Stopped) throw error;
    const other = provider === "webgpu" ? "; compute by WebAssembly instead" : "";
    throw new Error(`${system.title} could not be run here (${error.message})${other}.`);
  } finally {
    studio.running = null;
    changed();
  }
}

// ---------------------------------------------------------------- wiring

function wire() {
  on("open", "click", () => element("file").click());
  on("file", "change", ({ target }) => attempt(async () => {
    const [file] = target.files;
    target.value = "";
    if (file) await open(file, file.name);
  }));
  document.addEventListener("dragover", (event) => { event.preventDefault(); element("main").classList.add("dropping"); });
  document.addEventListener("dragleave", () => element("main").classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    element("main").classList.remove("dropping");
    const file = firstPicture(event.dataTransfer);
    attempt(() => open(file, file?.name));
  });
  document.addEventListener("paste", (event) => {
    const file = firstPicture(event.clipboardData);
    if (file) attempt(() => open(file, file.name));
  });
  on("size", "input", sized);
  on("show", "change", changed);
  on("undo", "click", () => travel("undo"));
  on("redo", "click", () => travel("redo"));
  on("clear", "click", () => step((hole) => hole.clear()));
  on("invert", "click", () => step((hole) => hole.invert()));
  on("run", "click", () => attempt(filled));
  on("stop", "click", () => studio.running?.abort());
  on("split", "input", ({ target }) => element("board").style.setProperty("--split", `${target.value}%`));
  on("save", "click", () => savePng(
    studio.result.pixels, studio.picture.width, studio.picture.height, `${stem()}_${studio.result.system.label}.png`,
  ));
  on("save-hole", "click", () => {
    const { data, width, height } = studio.history.hole, pixels = new Uint8ClampedArray(4 * data.length).fill(255);
    data.forEach((value, at) => pixels.fill(255 * value, 4 * at, 4 * at + 3));
    return savePng(pixels, width, height, `${stem()}_mask.png`);
  });
  on("keep", "click", () => show({ ...studio.picture, pixels: studio.result.pixels }));
  on("controls", "submit", (event) => event.preventDefault());
  bindKeys(board, {
    undo: () => travel("undo"), redo: () => travel("redo"), invert: () => element("invert").click(),
    run: () => element("run").click(), sized,
  });
}

async function begin() {
  element("unserved").hidden = true;
  const response = await fetch("models.json");
  if (!response.ok) throw new Refused("models.json is missing beside this page; make the studio again.");
  studio.data = await response.json();
  fillLists(studio.data, await providers(), (test, button) => attempt(() => take(test, button)));
  wire();
  element("main").hidden = false;
  // The controls need a picture from the start, and the first test image may be missing.
  show({ name: "empty.png", width: 512, height: 384, pixels: new Uint8ClampedArray(4 * 512 * 384).fill(255) });
  const [first] = studio.data.tests;
  if (first) await attempt(() => take(first, element("tests").firstElementChild));
  if (!studio.data.notice) return;
  const missing = element("notice").hidden ? "" : `${element("notice").textContent} `;
  complain(new Refused(missing + studio.data.notice));
}

attempt(begin).then(() => { document.body.dataset.ready = "yes"; });
