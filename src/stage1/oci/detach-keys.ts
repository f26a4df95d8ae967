/** Looks for the keys that detach in what is typed. What may be their beginning is held back until it is known. */
export class DetachKeys {
  readonly #keys: Buffer;
  #typed = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** What is to be handed on, and whether the keys are complete; what came after them is thrown away. */
  type(chunk: Buffer): { readonly rest: Buffer; readonly isComplete: boolean } {
    if (this.#keys.length === 0) return { rest: chunk, isComplete: false };
    const rest: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#typed]) {
        rest.push(...this.#keys.subarray(0, this.#typed));
        this.#typed = 0;
      }
      if (byte !== this.#keys[this.#typed]) rest.push(byte);
      else if (++this.#typed === this.#keys.length) return { rest: Buffer.from(rest), isComplete: true };
    }
    return { rest: Buffer.from(rest), isComplete: false };
  }
}
