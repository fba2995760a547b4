// The painting surface: the picture, what is drawn over it, and the pointer and keys that paint.

import { union } from "./hole.js";

const OVERLAY = [230, 0, 126, 150]; // the hole's colour, as in the gallery

const element = (id) => document.getElementById(id);

export class Board {
  // tools: {tool(): "brush" | "rectangle", erasing(): boolean, size(): pixels}; onStep(): a step was painted.
  constructor(tools, onStep) {
    this.tools = tools;
    this.onStep = onStep;
    this.board = element("board");
    this.surface = element("hole");
    this.cursor = null; // where the keyboard paints: a pixel
    this.stroke = null; // what is being painted: {pointer, x, y, area, startX, startY, shape}
    for (const [event, act] of Object.entries({
      pointerdown: this.press, pointermove: this.move, pointerup: this.release, pointercancel: this.cancel,
    })) this.surface.addEventListener(event, (given) => act.call(this, given));
    this.surface.addEventListener("pointerleave", () => this.showCursor(null));
    this.surface.addEventListener("focus", () => this.showCursor(this.cursor));
    this.surface.addEventListener("blur", () => { this.cancel(); this.showCursor(null); });
    new ResizeObserver(() => this.sharpen()).observe(this.board);
  }

  // Begin with a picture and the history of its hole.
  show(picture, history) {
    this.cancel();
    this.picture = picture;
    this.history = history;
    this.cursor = { x: picture.width >> 1, y: picture.height >> 1 };
    this.board.style.setProperty("--ratio", picture.width / picture.height);
    for (const id of ["picture", "result", "hole"]) {
      element(id).width = picture.width;
      element(id).height = picture.height;
    }
    this.put("picture", picture.pixels);
    this.draw(history.hole.all);
    this.sharpen();
  }

  put(id, pixels) {
    const { width, height } = this.picture;
    element(id).getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  }

  // Draw the hole's overlay again inside a rectangle.
  draw({ left, top, right, bottom }) {
    if (right <= left || bottom <= top) return;
    const image = new ImageData(right - left, bottom - top), { hole } = this.history;
    for (let y = top, to = 0; y < bottom; y++) {
      for (let x = left; x < right; x++, to += 4) {
        if (hole.data[y * hole.width + x]) image.data.set(OVERLAY, to);
      }
    }
    this.surface.getContext("2d").putImageData(image, left, top);
  }

  // Enlarged pictures show their pixels.
  sharpen() {
    if (this.picture) this.board.classList.toggle("pixelated", this.board.clientWidth > 1.5 * this.picture.width);
  }

  // ---------------------------------------------------------------- pointer

  pixel(event) {
    const box = this.surface.getBoundingClientRect();
    return {
      x: Math.floor((event.clientX - box.left) / box.width * this.picture.width),
      y: Math.floor((event.clientY - box.top) / box.height * this.picture.height),
    };
  }

  press(event) {
    if (event.button || !event.isPrimary) return;
    this.cancel();
    this.surface.setPointerCapture(event.pointerId);
    this.start(this.pixel(event), event.pointerId);
    this.extend(this.pixel(event));
  }

  move(event) {
    this.showCursor(event.pointerType === "touch" ? null : this.pixel(event));
    if (this.stroke?.pointer !== event.pointerId) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) this.extend(this.pixel(step));
  }

  release(event) {
    if (this.stroke?.pointer === event.pointerId) this.finish();
  }

  // ---------------------------------------------------------------- painting

  start({ x, y }, pointer) {
    this.history.begin();
    this.stroke = { pointer, x, y, startX: x, startY: y, area: null, tool: this.tools.tool(), value: this.tools.erasing() ? 0 : 1 };
  }

  extend({ x, y }) {
    const { stroke, history: { hole } } = this;
    if (stroke.tool === "brush") {
      const area = hole.stroke(stroke.x, stroke.y, x, y, this.tools.size(), stroke.value);
      stroke.area = union(stroke.area, area);
      this.draw(area);
    } else {
      this.showFrame(stroke.startX, stroke.startY, x, y);
    }
    Object.assign(stroke, { x, y });
  }

  finish() {
    const { stroke, history } = this;
    if (stroke.tool === "rectangle") {
      stroke.area = history.hole.rectangle(stroke.startX, stroke.startY, stroke.x, stroke.y, stroke.value);
      this.draw(stroke.area);
    }
    this.stroke = null;
    element("frame").hidden = true;
    history.end(stroke.area);
    this.onStep();
  }

  // Two fingers, Escape: what was begun is undone.
  cancel() {
    if (!this.stroke) return;
    this.stroke = null;
    element("frame").hidden = true;
    this.draw(this.history.cancel());
  }

  // ---------------------------------------------------------------- keys

  moveBy(dx, dy, single) {
    const step = single ? 1 : Math.max(1, Math.round(this.tools.size() / 2));
    this.cursor.x = Math.max(0, Math.min(this.picture.width - 1, this.cursor.x + dx * step));
    this.cursor.y = Math.max(0, Math.min(this.picture.height - 1, this.cursor.y + dy * step));
    if (this.stroke) this.extend(this.cursor);
    this.showCursor(this.cursor);
  }

  // Space: a dab of the brush; with the rectangle, its first corner and then its second.
  dab() {
    const corner = this.stroke !== null;
    if (!corner) {
      this.start(this.cursor, "keys");
      this.extend(this.cursor);
    }
    if (corner || this.stroke.tool === "brush") this.finish();
  }

  // ---------------------------------------------------------------- marks

  showCursor(pixel) {
    const mark = element("cursor"), drawn = this.stroke && this.stroke.pointer !== "keys";
    mark.hidden = !pixel || !this.picture || Boolean(drawn && this.stroke.tool === "rectangle");
    if (mark.hidden) return;
    const size = this.tools.tool() === "brush" ? this.tools.size() : 1, { width, height } = this.picture;
    mark.style.left = `${(pixel.x + 0.5) / width * 100}%`;
    mark.style.top = `${(pixel.y + 0.5) / height * 100}%`;
    mark.style.width = `${size / width * 100}%`;
    mark.style.height = `${size / height * 100}%`;
  }

  showFrame(fromX, fromY, toX, toY) {
    const frame = element("frame"), { width, height } = this.picture;
    frame.hidden = false;
    frame.style.left = `${Math.min(fromX, toX) / width * 100}%`;
    frame.style.top = `${Math.min(fromY, toY) / height * 100}%`;
    frame.style.width = `${(Math.abs(toX - fromX) + 1) / width * 100}%`;
    frame.style.height = `${(Math.abs(toY - fromY) + 1) / height * 100}%`;
  }
}
