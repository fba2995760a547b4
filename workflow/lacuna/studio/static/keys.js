// The keyboard. Single letters work on the painting surface only, so that they are never typed by accident elsewhere.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function bindKeys(board, { undo, redo, invert, run, sized }) {
  const size = document.getElementById("size"), erase = document.getElementById("erase");
  const resize = (factor) => {
    const now = Number(size.value), next = Math.round(now * factor);
    size.value = next === now ? now + Math.sign(factor - 1) : next;
    sized();
    board.showCursor(board.cursor);
  };
  const choose = (tool) => {
    board.cancel();
    document.querySelector(`input[name=tool][value=${tool}]`).checked = true;
    board.showCursor(board.cursor);
  };
  const letters = {
    " ": () => board.dab(), Escape: () => board.cancel(), Enter: run, i: invert, e: () => { erase.checked = !erase.checked; },
    b: () => choose("brush"), r: () => choose("rectangle"), "[": () => resize(1 / 1.25), "]": () => resize(1.25),
  };
  document.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (event.altKey || (key !== "z" && key !== "y")) return;
      event.preventDefault();
      (key === "y" || event.shiftKey ? redo : undo)();
      return;
    }
    if (event.altKey || event.target !== board.surface) return;
    const act = ARROWS[key] ? () => board.moveBy(...ARROWS[key], event.shiftKey) : letters[key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
