// The hole: one byte a pixel of the picture, 1 = hole. Shapes are filled exactly, without soft edges.

// A rectangle of pixels, right and bottom excluded, cut to a width × height picture.
export function cut(left, top, right, bottom, width, height) {
  return {
    left: Math.max(0, left), top: Math.max(0, top),
    right: Math.max(0, Math.min(width, right)), bottom: Math.max(0, Math.min(height, bottom)),
  };
}

// The smallest rectangle that holds two; either may be null.
export function union(a, b) {
  if (!a || !b) return a || b;
  return {
    left: Math.min(a.left, b.left), top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom),
  };
}

export class Hole {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
  }

  get all() {
    return { left: 0, top: 0, right: this.width, bottom: this.height };
  }

  count() {
    let total = 0;
    for (const value of this.data) total += value;
    return total;
  }

  // The smallest rectangle that holds the hole, or null.
  bounds() {
    let left = this.width, top = this.height, right = 0, bottom = 0;
    for (let y = 0, at = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, at++) {
        if (!this.data[at]) continue;
        if (x < left) left = x;
        if (x >= right) right = x + 1;
        if (y < top) top = y;
        bottom = y + 1;
      }
    }
    return right ? { left, top, right, bottom } : null;
  }

  // One step of a round brush between the centres of two pixels. Returns the rectangle that may have changed.
  stroke(fromX, fromY, toX, toY, diameter, value) {
    const radius = diameter / 2, reach = Math.ceil(radius);
    const area = cut(
      Math.min(fromX, toX) - reach, Math.min(fromY, toY) - reach,
      Math.max(fromX, toX) + reach + 1, Math.max(fromY, toY) + reach + 1, this.width, this.height,
    );
    const dx = toX - fromX, dy = toY - fromY, length = dx * dx + dy * dy;
    for (let y = area.top; y < area.bottom; y++) {
      for (let x = area.left; x < area.right; x++) {
        const share = length ? Math.max(0, Math.min(1, ((x - fromX) * dx + (y - fromY) * dy) / length)) : 0;
        const offX = x - fromX - share * dx, offY = y - fromY - share * dy;
        if (offX * offX + offY * offY <= radius * radius) this.data[y * this.width + x] = value;
      }
    }
    return area;
  }

  // The rectangle between two pixels, both included.
  rectangle(fromX, fromY, toX, toY, value) {
    const area = cut(
      Math.min(fromX, toX), Math.min(fromY, toY),
      Math.max(fromX, toX) + 1, Math.max(fromY, toY) + 1, this.width, this.height,
    );
    for (let y = area.top; y < area.bottom; y++) {
      if (area.right > area.left) this.data.fill(value, y * this.width + area.left, y * this.width + area.right);
    }
    return area;
  }

  clear() {
    this.data.fill(0);
    return this.all;
  }

  invert() {
    for (let at = 0; at < this.data.length; at++) this.data[at] ^= 1;
    return this.all;
  }

  // A copy of the pixels in a rectangle, and the way back.
  read({ left, top, right, bottom }) {
    const copy = new Uint8Array(Math.max(0, right - left) * Math.max(0, bottom - top));
    for (let y = top; y < bottom; y++) {
      copy.set(this.data.subarray(y * this.width + left, y * this.width + right), (y - top) * (right - left));
    }
    return copy;
  }

  write({ left, top, right, bottom }, pixels) {
    for (let y = top; y < bottom; y++) {
      const row = (y - top) * (right - left);
      this.data.set(pixels.subarray(row, row + right - left), y * this.width + left);
    }
  }
}
