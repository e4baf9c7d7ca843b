const blockLength = 65_536;

/** Plaintext that waits for a tag. Small pieces are gathered in blocks, so that a thousand of them cost no more than one. */
export class HeldBytes {
  #blocks: Uint8Array[] = [];
  #filled = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let rest = bytes;
    while (rest.length > 0) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#filled === block.length) {
        block = new Uint8Array(blockLength);
        this.#blocks.push(block);
        this.#filled = 0;
      }
      const part = rest.subarray(0, block.length - this.#filled);
      block.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** Hand everything on, block by block. */
  release(emit: (bytes: Uint8Array) => void): void {
    const last = this.#blocks.pop();
    for (const block of this.#blocks) emit(block);
    if (last !== undefined && this.#filled > 0) emit(last.subarray(0, this.#filled));
    this.#forget();
  }

  /** Zero everything. */
  clear(): void {
    for (const block of this.#blocks) block.fill(0);
    this.#forget();
  }

  #forget(): void {
    this.#blocks = [];
    this.#filled = 0;
    this.#length = 0;
  }
}
