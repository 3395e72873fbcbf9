/** The last so many numbers, in the order in which they came and in that of their size. */
export class SlidingWindow {
  readonly #latest: Float64Array;
  readonly #sorted: Float64Array;
  #count = 0;
  #next = 0;
  #total = 0;
  /** The `#split` smallest add up to `#below`. */
  #split = 0;
  #below = 0;

  constructor(size: number) {
    this.#latest = new Float64Array(size);
    this.#sorted = new Float64Array(size);
  }

  get median(): number {
    return this.#sorted[this.#count >> 1] ?? 0;
  }

  get largest(): number {
    return this.#sorted[this.#count - 1] ?? 0;
  }

  values(): number[] {
    const { length } = this.#latest;
    if (this.#count < length) return [...this.#latest.subarray(0, this.#count)];
    return [...this.#latest.subarray(this.#next), ...this.#latest.subarray(0, this.#next)];
  }

  /** Moves what lies between the places of the oldest and of the new one, and nothing else. */
  add(value: number): void {
    const size = this.#latest.length;
    const hole = this.#count === size ? this.#remove() : this.#count;
    const place = this.#placeOf(value);
    const target = place > hole ? place - 1 : place;
    if (target > hole) this.#sorted.copyWithin(hole, hole + 1, target + 1);
    else this.#sorted.copyWithin(target + 1, target, hole);
    this.#sorted[target] = value;
    this.#count = Math.min(size, this.#count + 1);
    this.#latest[this.#next] = value;
    this.#next = (this.#next + 1) % size;
    this.#total += value;
    if (target < this.#split) {
      this.#split += 1;
      this.#below += value;
    }
  }

  /**
   * The value in which a random moment falls as likely as in a smaller one, were they durations.
   * @param without so many of the largest.
   */
  timeMedian(without: number): number {
    const last = this.#count - 1 - without;
    let half = this.#total;
    for (let n = last + 1; n < this.#count; n += 1) half -= this.#sorted[n] ?? 0;
    half /= 2;
    while (this.#split > 0 && this.#below > half) this.#below -= this.#sorted[--this.#split] ?? 0;
    while (this.#split < last && this.#below + (this.#sorted[this.#split] ?? 0) <= half)
      this.#below += this.#sorted[this.#split++] ?? 0;
    return this.#sorted[this.#split] ?? 0;
  }

  /** @returns the place in `#sorted` that the oldest one leaves. */
  #remove(): number {
    const oldest = this.#latest[this.#next] ?? 0;
    const place = this.#placeOf(oldest);
    this.#total -= oldest;
    if (place < this.#split) {
      this.#split -= 1;
      this.#below -= oldest;
    }
    return place;
  }

  #placeOf(value: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const between = (low + high) >> 1;
      if ((this.#sorted[between] ?? 0) < value) low = between + 1;
      else high = between;
    }
    return low;
  }
}
