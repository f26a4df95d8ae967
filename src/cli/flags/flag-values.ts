import { parseDurationMs } from '#appc';
import { parseBool } from './values.ts';
import type { FlagSpec } from './spec.ts';

/** What was given for a set of flags; answers with the flag's initial value where nothing was. */
export class FlagValues {
  readonly #given = new Map<string, string[]>();
  readonly #specs: readonly FlagSpec[];

  constructor(specs: readonly FlagSpec[]) {
    this.#specs = specs;
  }

  find(name: string): FlagSpec | undefined {
    return this.#specs.find((spec) => spec.name === name);
  }

  add(name: string, value: string): void {
    const before = this.#given.get(name);
    if (before === undefined) this.#given.set(name, [value]);
    else before.push(value);
  }

  given(name: string): boolean {
    return this.#given.has(name);
  }

  /** Every occurrence, in order. */
  list(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }

  /** The last occurrence. */
  text(name: string): string {
    return this.list(name).at(-1) ?? this.find(name)?.initial ?? '';
  }

  /** As `text`, undefined for the empty text. */
  optional(name: string): string | undefined {
    const text = this.text(name);
    return text === '' ? undefined : text;
  }

  bool(name: string): boolean {
    return parseBool(this.text(name)) ?? false;
  }

  durationMs(name: string): number {
    return parseDurationMs(this.text(name)) ?? 0;
  }
}
