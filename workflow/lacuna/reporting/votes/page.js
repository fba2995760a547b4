// The script of the page that asks for votes. `state` is all that is remembered; `show` brings the page in line with it.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const DATA = window.lacunaVotes;
  const notice = (text) => { $("notice").textContent = text; $("notice").hidden = !text; };
  if (!DATA) {
    notice("data.js is not beside this page, so there is nothing to show; copy the whole folder, or make it again.");
    return;
  }
  if (!DATA.questions.length) {
    $("back").disabled = $("save").disabled = true;
    notice("All systems fill all holes alike, so there is nothing to vote on.");
    return;
  }
  const PLACE = `lacuna-votes-${DATA.ballot}`;
  const SMALL = 200;  // px, below which a picture is enlarged without blur

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  function remembered() {
    try {
      const found = JSON.parse(localStorage.getItem(PLACE));
      const known = new Set(DATA.questions.map((question) => question.id));
      if (found && found.votes.every((vote) => known.has(vote.question))) return found;
    } catch { /* storage may be forbidden or broken; then votes last as long as the page */ }
    return { voter: hex(crypto.getRandomValues(new Uint8Array(6))), votes: [] };
  }
  const state = remembered();
  const remember = () => {
    try { localStorage.setItem(PLACE, JSON.stringify(state)); } catch { /* see above */ }
  };

  let left = "a", since = 0, ready = false;  // which fill is on the left, when it was shown, whether all pictures are
  const current = () => DATA.questions[state.votes.length];

  async function put(image, source) {
    image.src = source;
    try {
      await image.decode();
    } catch {
      notice(`${source} cannot be shown; copy the whole folder, or make it again.`);
      throw new Error(source);
    }
    image.classList.toggle("small", image.naturalWidth < SMALL);
  }
  async function show() {
    const question = current(), total = DATA.questions.length, done = state.votes.length;
    $("progress").textContent = question ? `${done + 1} of ${total}` : `${total} of ${total} done`;
    $("question").hidden = !question;
    $("done").hidden = Boolean(question);
    $("back").disabled = $("save").disabled = !done;
    ready = false;
    if (!question) return;
    left = Math.random() < 0.5 ? "a" : "b";  // so that a habit of choosing one side favours no system
    const right = left === "a" ? "b" : "a";
    $("fills").style.visibility = "hidden";  // not one new picture beside an old one
    try {
      await Promise.all([
        put($("input"), question.input),
        put($("left").querySelector("img"), question[left]),
        put($("right").querySelector("img"), question[right]),
      ]);
    } catch { return; }
    if (current() !== question) return;
    $("fills").style.visibility = "";
    ready = true;
    since = performance.now();
    const next = DATA.questions[state.votes.length + 1];
    if (next) for (const source of [next.input, next.a, next.b]) new Image().src = source;
  }

  function vote(side) {
    if (!ready) return;
    const right = left === "a" ? "b" : "a";
    state.votes.push({
      question: current().id, choice: side === "tie" ? "tie" : side === "left" ? left : right, left,
      seconds: Math.round((performance.now() - since) / 100) / 10,
    });
    remember();
    show();
  }
  function back() {
    if (!state.votes.length) return;
    state.votes.pop();
    remember();
    show();
  }
  function save() {
    if (!state.votes.length) return;
    const text = JSON.stringify({
      format: "lacuna votes 1", ballot: DATA.ballot, voter: state.voter, saved: new Date().toISOString(), votes: state.votes,
    }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text + "\n"], { type: "application/json" }));
    link.download = `votes-${DATA.ballot}-${state.voter}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  for (const side of ["left", "right", "tie"]) $(side).addEventListener("click", () => vote(side));
  $("back").addEventListener("click", back);
  $("save").addEventListener("click", save);
  const KEYS = {
    ArrowLeft: () => vote("left"), ArrowRight: () => vote("right"), ArrowDown: () => vote("tie"), Backspace: back, s: save,
    1: () => vote("left"), 2: () => vote("tie"), 3: () => vote("right"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !(event.key in KEYS)) return;
    KEYS[event.key]();
    event.preventDefault();
  });
  show();
})();
