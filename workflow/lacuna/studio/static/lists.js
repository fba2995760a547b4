// What can be chosen: systems, providers, test images.

const NAMES = { webgpu: "WebGPU", wasm: "WebAssembly" };

const WORKING_SIZES = [256, 512, 1024, 2048];

const element = (id) => document.getElementById(id);

export function fillLists(data, providers, take) {
  document.title = `Studio: ${data.title}`;
  element("title").textContent = data.title;
  element("banner").hidden = !data.demonstration;
  element("about").textContent = data.about;
  for (const system of data.systems) element("system").add(new Option(system.title, system.id));
  if (!data.systems.length) element("system").add(new Option("none", ""));
  for (const size of new Set([data.side, ...WORKING_SIZES].sort((a, b) => a - b))) {
    const label = size === data.side ? `${size} pixels, as trained` : `${size} pixels`;
    element("working").add(new Option(label, size, size === 512, size === 512));
  }
  for (const provider of providers) element("provider").add(new Option(NAMES[provider], provider));
  for (const test of data.tests) {
    const button = document.createElement("button"), image = new Image();
    button.type = "button";
    button.title = test.title;
    image.src = test.image;
    image.alt = test.title;
    button.append(image);
    button.addEventListener("click", () => take(test, button));
    element("tests").append(button);
  }
}
