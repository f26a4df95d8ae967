import { ftruncateSync } from 'node:fs';
import { writeWhole } from '#sys';
import type { GrowingFile } from '../partial-file.ts';
import { FILE_FD } from './messages.ts';

/** A partial file whose name and version another process keeps: this one has but its descriptor. */
export class GivenFile implements GrowingFile {
  readonly #setVersion: (validator: string | undefined) => Promise<unknown>;
  #told: Promise<unknown> = Promise.resolve();
  #size: number;
  #validator: string | undefined;

  constructor(held: { size: number; validator?: string }, setVersion: (validator: string | undefined) => Promise<unknown>) {
    this.#setVersion = setVersion;
    this.#size = held.size;
    this.#validator = held.validator;
  }

  get size(): number {
    return this.#size;
  }

  get validator(): string | undefined {
    return this.#size === 0 ? undefined : this.#validator;
  }

  append(chunk: Buffer): void {
    writeWhole(FILE_FD, chunk, this.#size);
    this.#size += chunk.length;
  }

  reset(validator: string | undefined): void {
    ftruncateSync(FILE_FD, 0);
    this.#size = 0;
    this.#validator = validator;
    this.#told = this.#setVersion(validator);
    this.#told.catch(() => {});
  }

  /** When the other process knows the version. */
  async settled(): Promise<void> {
    await this.#told;
  }
}
