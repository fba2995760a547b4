// The gallery's script. `state` holds all that is chosen; `update` brings the page and its address in line with it.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const DATA = window.lacunaGallery;
  const notice = (text) => { $("notice").textContent = text; $("notice").hidden = !text; };
  if (!DATA) {
    notice("data.js is not beside this page, so there is nothing to show; copy the whole gallery folder, or make it again.");
    return;
  }

  const VIEWS = [
    ["input", "Input with the hole"], ["composite", "Composite"], ["raw", "Raw prediction"],
    ["truth", "Ground truth"], ["mask", "Mask"], ["error", "Error ×4"], ["other", "Compared system"],
  ];
  const HOLE = "rgb(230 0 126)";  // magenta, as in the figures: rare in photographs
  const ROW = 76, SPARE = 4;      // px of a row (also in the style); rows kept ready above and below the visible ones
  const THUMB = 128;              // px of the longer side of a small picture: 60 CSS px on a dense screen
  const KEPT = 400;               // pictures kept in memory

  const names = (things) => things.map((thing) => [thing.name, thing.title]);
  const named = (things, name) => things.find((thing) => thing.name === name);
  const SORTS = [["number", "Number"], ["coverage", "Hole size"], ...names(DATA.metrics)];
  const DEFAULTS = {
    set: DATA.testSets[0].name, source: DATA.sources[0]?.name ?? "", system: DATA.systems[0].name, against: "",
    left: "input", right: "composite", reading: DATA.readings[0]?.name ?? "", sort: "number", order: "best",
    from: 0, to: 100, find: "", image: "", split: 50,
  };
  const state = { ...DEFAULTS };
  const CHOICES = {
    set: names(DATA.testSets), source: names(DATA.sources), system: names(DATA.systems),
    against: [["", "nothing"], ...names(DATA.systems)], left: VIEWS, right: VIEWS, reading: names(DATA.readings),
    sort: SORTS, order: [["best", ""], ["worst", ""]],
  };
  const WHAT = {
    set: "test set", source: "source", system: "system", against: "system", left: "view", right: "view",
    reading: "scores", sort: "order", order: "order",
  };

  // ------------------------------------------------------------------ numbers

  const unpacked = new Map();
  const numbers = (text) => {
    if (!unpacked.has(text)) {
      const letters = atob(text), bytes = new Uint8Array(letters.length);
      for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
      unpacked.set(text, new Float32Array(bytes.buffer));
    }
    return unpacked.get(text);
  };
  const testSet = () => named(DATA.testSets, state.set);
  const unknown = () => testSet().truths === null;  // nobody knows what lies under these holes
  const possible = (view) =>
    (view !== "other" || state.against) && !(unknown() && ["truth", "error"].includes(view));
  const readingTitle = () => named(DATA.readings, state.reading)?.title ?? "no scores";
  const entryOf = (system) => {
    const sources = DATA.entries[state.set][system];
    // what holds for every source stands alone; networks adapted to other sets have nothing here
    return sources && (sources[state.source] ?? Object.values(sources)[0]);
  };
  const column = (system, metric, reading = state.reading) => {
    const text = entryOf(system)?.values[`${reading}/${metric}`];
    return text === undefined ? null : numbers(text);
  };
  let known = {};  // of the test set: the images' names without their endings, and where each stands
  function stems() {
    if (known.set !== state.set) {
      const list = testSet().images.files.map((file) => decodeURIComponent(file).replace(/\.[^.]*$/, ""));
      known = { set: state.set, list, positions: new Map(list.map((name, position) => [name, position])) };
    }
    return known;
  }
  const stem = (position) => stems().list[position];
  const positionOf = (name) => stems().positions.get(name) ?? -1;
  const metricShown = () => named(DATA.metrics, state.sort) ?? DATA.metrics[0];
  const written = (metric, value, signed) => {
    if (value === undefined || Number.isNaN(value)) return "–";
    const digits = Math.abs(value).toFixed(metric.decimals);
    const sign = value < 0 && Number(digits) ? "−" : signed ? "+" : "";
    return `${sign}${digits}${metric.unit ? ` ${metric.unit}` : ""}`;
  };
  const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

  // `order`: positions in the test set, filtered and sorted; `rank`: position → place in `order`, or −1.
  let order = new Uint32Array(0), rank = new Int32Array(0), shownValues = null, signature = "";

  // What the list shows and sorts by: the metric, or its difference to the compared system.
  function valuesShown() {
    const metric = metricShown().name, own = column(state.system, metric);
    if (!state.against || !own) return own;
    const other = column(state.against, metric);
    return other && own.map((value, position) => value - other[position]);
  }

  function arrange() {
    const keys = ["set", "source", "system", "against", "reading", "sort", "order", "from", "to", "find"];
    const now = JSON.stringify(keys.map((key) => state[key]));
    if (now === signature) return false;
    signature = now;
    const coverage = numbers(testSet().coverage), wanted = state.find.trim().toLowerCase();
    const { list } = stems(), kept = [];
    for (let position = 0; position < coverage.length; position++) {
      const share = 100 * coverage[position];
      if (share < state.from - 1e-4 || share > state.to + 1e-4) continue;
      if (wanted && !list[position].toLowerCase().includes(wanted)) continue;
      kept.push(position);
    }
    shownValues = valuesShown();
    const by = state.sort === "coverage" ? coverage : state.sort === "number" ? null : shownValues;
    const rising = (state.order === "best") === (metricShown().direction === "lower" || state.sort === "coverage");
    order = Uint32Array.from(kept);
    if (by) {
      const missing = rising ? Infinity : -Infinity;  // images without a value come last either way
      const value = Float64Array.from(by, (one) => (Number.isNaN(one) ? missing : one));
      order.sort(rising ? (a, b) => value[a] - value[b] || a - b : (a, b) => value[b] - value[a] || a - b);
    } else if (state.order === "worst") order.reverse();
    rank = new Int32Array(coverage.length).fill(-1);
    order.forEach((position, place) => { rank[position] = place; });
    return true;
  }

  // ------------------------------------------------------------------ pictures

  const pictures = new Map();
  function picture(url) {
    let loading = pictures.get(url);
    pictures.delete(url);
    if (!loading) {
      const image = new Image();
      image.src = url;
      loading = image.decode().then(() => image, () => { throw new Error(`${decodeURI(url)} cannot be shown.`); });
      loading.catch(() => pictures.delete(url));
    }
    pictures.set(url, loading);
    if (pictures.size > KEPT) pictures.delete(pictures.keys().next().value);
    return loading;
  }
  const urlOf = (place, position) => place.folder + place.files[position];

  // The pictures that a view needs, loaded: {image, mask, raw}.
  async function material(view, position, system) {
    const shown = view === "other" ? state.against : system, set = testSet();
    const wanted = {};
    if (!["raw", "mask", "truth"].includes(view)) wanted.image = urlOf(set.images, position);
    if (view === "truth" || view === "error") wanted.truth = urlOf(set.truths ?? set.images, position);
    if (view !== "raw" && view !== "truth") wanted.mask = urlOf(set.masks, position);
    if (["composite", "raw", "error", "other"].includes(view)) wanted.raw = urlOf(entryOf(shown), position);
    const loaded = await Promise.all(Object.values(wanted).map(picture));
    return Object.fromEntries(Object.keys(wanted).map((key, i) => [key, loaded[i]]));
  }

  // A page opened from disk may show its pictures' pixels but not read them. Masks are exactly black or white, so
  // multiplying by them and adding is exact: mask·raw + (1−mask)·image.
  const scratch = document.createElement("canvas").getContext("2d");
  function paint(canvas, view, { image, truth, mask, raw }, longest = Infinity) {
    const one = image ?? truth ?? mask ?? raw;
    const scale = Math.min(1, longest / Math.max(one.naturalWidth, one.naturalHeight));
    const width = Math.max(1, Math.round(one.naturalWidth * scale)), height = Math.max(1, Math.round(one.naturalHeight * scale));
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const draw = (target, mode, what) => {
      target.globalCompositeOperation = mode;
      if (typeof what === "string") {
        target.fillStyle = what;
        target.fillRect(0, 0, width, height);
      } else target.drawImage(what, 0, 0, width, height);
    };
    if (view === "truth") draw(context, "copy", truth);
    else if (view === "raw") draw(context, "copy", raw);
    else if (view === "mask") draw(context, "copy", mask);
    else {
      draw(context, "copy", mask);
      draw(context, "difference", "white");
      draw(context, "multiply", image);
      scratch.canvas.width = width;
      scratch.canvas.height = height;
      draw(scratch, "copy", mask);
      draw(scratch, "multiply", view === "input" ? HOLE : raw);
      draw(context, "lighter", scratch.canvas);
      if (view === "error") {
        draw(context, "difference", truth);
        for (let doubling = 0; doubling < 2; doubling++) {
          draw(scratch, "copy", canvas);
          draw(context, "lighter", scratch.canvas);
        }
      }
    }
    canvas.dataset.drawn = "yes";
  }

  // Draw when loaded, unless the canvas has been given another task since.
  async function show(canvas, view, position, system, longest) {
    const task = [view, state.set, position, entryOf(view === "other" ? state.against : system)?.folder].join(" ");
    if (canvas.dataset.task === task) return;
    canvas.dataset.task = task;
    canvas.dataset.drawn = "";
    try {
      const parts = await material(view, position, system);
      if (canvas.dataset.task === task) paint(canvas, view, parts, longest);
    } catch (error) {
      if (canvas.dataset.task !== task) return;
      canvas.dataset.drawn = "failed";  // hidden: rather nothing than another image
      notice(error.message);
    }
  }

  // ------------------------------------------------------------------ the list

  const pool = new Map();  // place in `order` → row
  const make = (parent, tag, className) => {
    const element = parent.appendChild(document.createElement(tag));
    if (className) element.className = className;
    return element;
  };
  function makeRow() {
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "option");
    row.thumbs = [0, 1].map(() => {
      const canvas = make(make(row, "span", "box"), "canvas");
      canvas.setAttribute("aria-hidden", "true");
      return canvas;
    });
    const words = make(row, "span", "words");
    row.words = ["span", "span", "small", "small"].map((tag) => make(words, tag));
    return row;
  }
  function fillRow(row, place) {
    const position = order[place], metric = metricShown();
    row.place = place;
    row.position = position;
    row.id = `row-${position}`;
    row.style.transform = `translateY(${place * ROW}px)`;
    row.setAttribute("aria-posinset", place + 1);
    row.setAttribute("aria-setsize", order.length);
    row.setAttribute("aria-selected", stem(position) === state.image);
    const texts = [
      stem(position), written(metric, shownValues?.[position], state.against),
      `hole ${percent(numbers(testSet().coverage)[position])}`, `${state.against ? "Δ " : ""}${metric.title}`,
    ];
    texts.forEach((text, i) => { row.words[i].textContent = text; });
    for (const canvas of row.thumbs) if (canvas.dataset.owner !== `${state.set} ${position}`) {
      canvas.dataset.task = canvas.dataset.drawn = "";  // hidden until its own picture is drawn
      canvas.dataset.owner = `${state.set} ${position}`;
    }
  }
  let thumbTimer = 0;
  function paintList(everything) {
    const list = $("list"), top = list.scrollTop;
    const first = Math.max(0, Math.floor(top / ROW) - SPARE);
    const last = Math.min(order.length, Math.ceil((top + list.clientHeight) / ROW) + SPARE);
    const free = [];
    for (const [place, row] of pool) if (place < first || place >= last) {
      pool.delete(place);
      free.push(row);
    }
    for (let place = first; place < last; place++) {
      let row = pool.get(place);
      if (row && !everything) continue;
      if (!row) {
        row = free.pop() ?? $("space").appendChild(makeRow());
        pool.set(place, row);
      }
      fillRow(row, place);
    }
    free.forEach((row) => row.remove());
    const chosen = document.getElementById(`row-${positionOf(state.image)}`);
    if (chosen) list.setAttribute("aria-activedescendant", chosen.id);
    else list.removeAttribute("aria-activedescendant");
    clearTimeout(thumbTimer);  // pictures wait until the scrolling rests
    thumbTimer = setTimeout(() => {
      for (const row of pool.values()) {
        const view = ["raw", "truth", "error"].includes(state.right) ? state.right : "composite";
        show(row.thumbs[0], "input", row.position, state.system, THUMB);
        show(row.thumbs[1], view, row.position, state.system, THUMB);
      }
    }, everything ? 0 : 80);
  }
  function revealChosen() {
    const list = $("list"), place = rank[positionOf(state.image)] ?? -1;
    if (place < 0) return;
    const top = place * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  }

  // ------------------------------------------------------------------ the viewer

  function describe() {
    const title = (view) => {
      const system = named(DATA.systems, view === "other" ? state.against : state.system)?.title ?? "";
      if (view === "other") return `Composite of ${system}`;
      return ["composite", "raw", "error"].includes(view) ? `${Object.fromEntries(VIEWS)[view]}, ${system}` : Object.fromEntries(VIEWS)[view];
    };
    return [title(state.left), title(state.right)];
  }

  function paintSplit() {
    const [left, right] = describe();
    $("stage").style.setProperty("--split", `${state.split}%`);
    $("split").value = state.split;
    $("split").setAttribute("aria-valuetext", `${state.split} % ${left}, ${100 - state.split} % ${right}`);
    $("left-tag").hidden = state.split < 12;
    $("right-tag").hidden = state.split > 88;
  }

  async function paintViewer() {
    const position = positionOf(state.image), [left, right] = describe(), set = testSet();
    if (position < 0) return;
    const place = rank[position];
    $("name").replaceChildren(`${stem(position)} `);
    make($("name"), "span").textContent =
      `hole ${percent(numbers(set.coverage)[position])}${place < 0 ? "" : ` · ${place + 1} of ${order.length}`}`;
    $("picture").setAttribute("aria-label", `${set.title}, image ${stem(position)}. Left: ${left}. Right: ${right}.`);
    $("left-tag").textContent = left;
    $("right-tag").textContent = right;
    $("note").textContent = named(DATA.systems, state.system).shared ? DATA.sharedNote : "";
    paintSplit();
    paintStrip(position);
    paintScores(position);
    await Promise.all([
      show($("left-picture"), state.left, position, state.system),
      show($("right-picture"), state.right, position, state.system),
    ]);
    sizeStage();
    for (const near of [order[place + 1], order[place - 1]]) if (near !== undefined && position === positionOf(state.image)) {
      for (const view of [state.left, state.right]) material(view, near, state.system).catch(() => {});
    }
  }
  function sizeStage() {
    const canvas = $("right-picture");
    if (canvas.dataset.drawn !== "yes") return;
    $("stage").style.setProperty("--ratio", `${canvas.width / canvas.height}`);
    for (const each of [canvas, $("left-picture")]) {
      each.classList.toggle("pixelated", $("stage").clientWidth * devicePixelRatio >= 2 * canvas.width);
    }
  }

  function paintStrip(position) {
    const metric = metricShown(), strip = $("strip");
    $("strip-title").textContent = unknown()
      ? "Composites of every system; nobody knows the truth, so there are no scores"
      : `Composites of every system, with ${metric.label} (${readingTitle()})`;
    while (strip.children.length < DATA.systems.length) {
      const button = make(strip, "button");
      button.type = "button";
      make(make(button, "span", "box"), "canvas").setAttribute("aria-hidden", "true");
      make(button, "span", "title");
      make(button, "span", "value");
    }
    const values = DATA.systems.map((system) => column(system.name, metric.name)?.[position] ?? NaN);
    const finite = values.filter((value) => !Number.isNaN(value));
    const best = metric.direction === "higher" ? Math.max(...finite) : Math.min(...finite);
    DATA.systems.forEach((system, i) => {
      const button = strip.children[i];
      button.hidden = !entryOf(system.name);
      if (button.hidden) return;
      button.dataset.system = system.name;
      button.setAttribute("aria-pressed", system.name === state.system);
      button.querySelector(".title").textContent = system.title;
      button.querySelector(".value").textContent =
        written(metric, values[i]) + (values[i] === best && values.length > 1 ? " · best" : "");
      show(button.querySelector("canvas"), "composite", position, system.name, 2 * THUMB);
    });
  }

  function paintScores(position) {
    const table = $("scores");
    table.replaceChildren();
    $("scores-title").hidden = table.parentElement.hidden = unknown();
    if (unknown()) return;
    const cell = (row, tag, text, scope) => {
      const made = make(row, tag);
      made.textContent = text;
      if (scope) made.scope = scope;
    };
    const head = make(make(table, "thead"), "tr"), body = make(table, "tbody");
    cell(head, "th", named(DATA.systems, state.system).title, "col");
    DATA.readings.forEach((reading) => cell(head, "th", reading.title, "col"));
    for (const metric of DATA.metrics) {
      const row = make(body, "tr");
      cell(row, "th", metric.label, "row");
      row.title = metric.note;
      for (const reading of DATA.readings) {
        cell(row, "td", written({ ...metric, unit: "" }, column(state.system, metric.name, reading.name)?.[position]));
      }
    }
  }

  // ------------------------------------------------------------------ all of it

  function paintSummary() {
    const metric = metricShown(), reading = readingTitle();
    let sum = 0, count = 0, better = 0;
    for (const position of order) {
      const value = shownValues?.[position] ?? NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
      if (metric.direction === "higher" ? value > 0 : value < 0) better++;
    }
    let text = `${order.length} of ${rank.length} images`;
    if (count && state.against) {
      text += ` · ${metric.title} on average ${written(metric, sum / count, true)} against ` +
        `${named(DATA.systems, state.against).title}, better on ${better} (${reading})`;
    } else if (count) text += ` · mean ${metric.title} ${written(metric, sum / count)} (${reading})`;
    $("summary").textContent = text;
    $("nothing").hidden = order.length > 0;
    $("list").hidden = order.length === 0;
  }

  function fillSelect(id, pairs) {
    const now = JSON.stringify(pairs);
    if ($(id).dataset.pairs !== now) {
      $(id).dataset.pairs = now;
      $(id).replaceChildren(...pairs.map(([value, text]) => new Option(text, value)));
    }
    $(id).value = state[id];
  }
  function paintControls() {
    const byMetric = named(DATA.metrics, state.sort);
    const orders = byMetric ? ["Best first", "Worst first"] : ["Rising", "Falling"];
    if (byMetric && state.against) orders.splice(0, 2, "Most gained first", "Most lost first");
    CHOICES.order = [["best", orders[0]], ["worst", orders[1]]];
    const others = CHOICES.against.filter(([name]) => name !== state.system);
    const views = VIEWS.filter(([name]) => possible(name));
    for (const id in CHOICES) {
      fillSelect(id, id === "against" ? others : id === "left" || id === "right" ? views : CHOICES[id]);
    }
    $("source").disabled = DATA.sources.length < 2;
    $("source").parentElement.hidden = !DATA.sources.length;
    $("against").parentElement.hidden = DATA.systems.length < 2;
    $("from").value = state.from;
    $("to").value = state.to;
    $("coverage-range").textContent = `${state.from} to ${state.to} %`;
    $("from").parentElement.style.setProperty("--low", `${state.from}%`);
    $("from").parentElement.style.setProperty("--high", `${state.to}%`);
    if ($("find").value !== state.find) $("find").value = state.find;
  }

  // `top`: choose the first image of the new order, as one wants after sorting.
  function update(changes, { top = false } = {}) {
    notice("");
    Object.assign(state, changes);
    if (!entryOf(state.system)) state.system = DATA.systems.find(({ name }) => entryOf(name)).name;
    if (state.against === state.system || !entryOf(state.against)) state.against = "";
    for (const side of ["left", "right"]) if (!possible(state[side])) {
      state[side] = unknown() ? (side === "left" ? "input" : "composite") : "truth";
    }
    const moved = arrange();
    if (order.length && (top || (rank[positionOf(state.image)] ?? -1) < 0)) state.image = stem(order[0]);
    if (moved) {
      paintControls();
      $("space").style.height = `${order.length * ROW}px`;
      paintSummary();
    } else paintControls();
    revealChosen();
    paintList(true);
    paintViewer();
    writeAddress();
  }
  function move(by) {
    if (!order.length) return;
    const place = Math.max(0, Math.min(order.length - 1, rank[positionOf(state.image)] + by));
    update({ image: stem(order[place]) });
  }
  function divide(to) {
    state.split = Math.max(0, Math.min(100, Math.round(to)));
    paintSplit();
    writeAddress();
  }

  // ------------------------------------------------------------------ the address

  const NAMED = ["set", "source", "system", "image"];  // said in every link: another config may begin with others
  let addressTimer = 0, ownAddress = null;
  function writeAddress() {
    clearTimeout(addressTimer);  // browsers refuse many changes in a short time
    addressTimer = setTimeout(() => {
      const chosen = Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key] || (value && NAMED.includes(key)));
      ownAddress = `#${new URLSearchParams(chosen)}`;
      if (location.hash !== ownAddress) history.replaceState(null, "", ownAddress);
    }, 150);
  }
  function readAddress() {
    const found = { ...DEFAULTS }, unknown = [];
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
      const choices = CHOICES[key];
      if (choices && choices.some(([name]) => name === value)) found[key] = value;
      else if (["from", "to", "split"].includes(key) && /^\d{1,3}$/.test(value)) found[key] = Math.min(100, Number(value));
      else if (key === "find" || key === "image") found[key] = value;
      else unknown.push(`${WHAT[key] ?? "part"} “${value || key}”`);
    }
    const image = found.image;
    update(found);
    if (image && positionOf(image) < 0) unknown.push(`image “${image}”`);
    if (unknown.length) notice(`The link names the ${unknown.join(" and the ")}, which this gallery does not have.`);
  }

  // ------------------------------------------------------------------ hands

  const STAYING = ["set", "source", "system", "left", "right"];  // choices that keep the image that is shown
  for (const id in CHOICES) {
    $(id).addEventListener("change", () => update({ [id]: $(id).value }, { top: !STAYING.includes(id) }));
  }
  $("from").addEventListener("input", () => {
    const from = Number($("from").value);
    update({ from, to: Math.max(from, state.to) }, { top: true });
  });
  $("to").addEventListener("input", () => {
    const to = Number($("to").value);
    update({ to, from: Math.min(to, state.from) }, { top: true });
  });
  $("find").addEventListener("input", () => update({ find: $("find").value }, { top: true }));
  $("reset").addEventListener("click", () => {
    const { sort, order: way, against, from, to, find, reading } = DEFAULTS;
    update({ sort, order: way, against, from, to, find, reading });
  });
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  const swap = () => update({ left: state.right, right: state.left, split: 100 - state.split });
  $("swap").addEventListener("click", swap);
  $("previous").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("strip").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) update({ system: button.dataset.system });
  });
  $("split").addEventListener("input", () => divide(Number($("split").value)));
  const drag = (event) => {
    const box = $("stage").getBoundingClientRect();
    divide((100 * (event.clientX - box.left)) / box.width);
  };
  $("stage").addEventListener("pointerdown", (event) => {
    if (event.button) return;
    $("stage").setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") drag(event);  // a finger may be about to scroll the page
  });
  $("stage").addEventListener("click", drag);
  $("stage").addEventListener("pointermove", (event) => {
    if ($("stage").hasPointerCapture(event.pointerId)) drag(event);
  });
  $("list").addEventListener("scroll", () => requestAnimationFrame(() => paintList(false)));
  $("list").addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row) update({ image: stem(row.position) });
  });
  new ResizeObserver(() => { paintList(false); sizeStage(); }).observe($("list"));
  new ResizeObserver(sizeStage).observe($("stage"));

  const neighbour = (id, by) => {
    const options = CHOICES[id].map(([name]) => name);
    update({ [id]: options[(options.indexOf(state[id]) + by + options.length) % options.length] });
  };
  const help = () => ($("help").open ? $("help").close() : $("help").showModal());
  $("help-button").addEventListener("click", help);
  $("view-keys").textContent = VIEWS.map(([, title], i) => `${i + 1} ${title.toLowerCase()}`).join(", ");
  const remembered = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("lacuna-gallery-keys", value);
      return localStorage.getItem("lacuna-gallery-keys");
    } catch { return null; }  // storage may be forbidden; then the choice lasts as long as the page
  };
  $("keys").checked = remembered() !== "off";
  $("keys").addEventListener("change", () => remembered($("keys").checked ? "on" : "off"));

  const MOVES = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  const LETTERS = {
    j: () => move(1), k: () => move(-1), x: swap, o: () => update({ order: state.order === "best" ? "worst" : "best" }, { top: true }),
    b: () => divide(state.split < 50 ? 100 : 0), s: () => neighbour("system", 1), S: () => neighbour("system", -1),
    t: () => neighbour("set", 1), T: () => neighbour("set", -1), "[": () => divide(state.split - 5),
    "]": () => divide(state.split + 5), "?": help,
    "/": () => { $("more").open = true; $("find").focus(); $("find").select(); },
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target, typing = target.matches("select, input[type=search]");
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && target === $("find")) $("list").focus();
    if (typing || ($("help").open && event.key !== "?")) return;
    const arrows = event.key in MOVES && !target.matches("input[type=range], .scroll") && !event.shiftKey;
    const digit = /^Digit([1-7])$/.exec(event.code);
    if (arrows) move(MOVES[event.key]);
    else if (!$("keys").checked) return;
    else if (digit) {
      const view = VIEWS[digit[1] - 1][0];
      if (possible(view)) update({ [event.shiftKey ? "left" : "right"]: view });
    } else if (LETTERS[event.key]) LETTERS[event.key]();
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", () => { if (location.hash !== ownAddress) readAddress(); });

  const wide = matchMedia("(min-width: 60rem) and (min-height: 36rem)");
  const unfold = () => { $("more").open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  readAddress();
})();
