// Undo and redo. A step keeps only the rectangle that it changed, before and after.

const STEPS = 200;
const BYTES = 256 * 2 ** 20;

export class History {
  constructor(hole) {
    this.hole = hole;
    this.done = [];
    this.undone = [];
    this.bytes = 0;
    this.made = 0;
    this.base = 0; // the state before the first step that is kept
    this.before = null;
  }

  // A number that is the same whenever the hole is the same state of this history.
  get state() {
    return this.done.at(-1)?.state ?? this.base;
  }

  // What lies between `begin` and `end` is one step. `end` takes the rectangle that may have changed, or null.
  begin() {
    this.before = this.hole.data.slice();
  }

  end(area) {
    const before = this.before;
    this.before = null;
    if (!area || area.right <= area.left || area.bottom <= area.top) return false;
    const after = this.hole.read(area);
    const current = this.hole.data;
    this.hole.data = before;
    const old = this.hole.read(area);
    this.hole.data = current;
    if (old.every((value, at) => value === after[at])) return false;
    for (const step of this.undone) this.bytes -= 2 * step.after.length;
    this.undone = [];
    this.done.push({ area, before: old, after, state: ++this.made });
    this.bytes += 2 * after.length;
    while (this.done.length > STEPS || (this.bytes > BYTES && this.done.length > 1)) {
      const oldest = this.done.shift();
      this.bytes -= 2 * oldest.after.length;
      this.base = oldest.state;
    }
    return true;
  }

  // Everything since `begin` never happened. Returns the rectangle to draw again.
  cancel() {
    this.hole.data.set(this.before);
    this.before = null;
    return this.hole.all;
  }

  // Both return the rectangle that changed, or null where there is nothing to do.
  undo() {
    const step = this.done.pop();
    if (!step) return null;
    this.hole.write(step.area, step.before);
    this.undone.push(step);
    return step.area;
  }

  redo() {
    const step = this.undone.pop();
    if (!step) return null;
    this.hole.write(step.area, step.after);
    this.done.push(step);
    return step.area;
  }
}
