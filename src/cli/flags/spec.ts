/** How a command and its flags are declared. Parser, help, documentation and completion all read this. */

export type FlagKind =
  /** `--x`, `--x=true`, `--x=false`; never takes the next word. */
  | 'bool'
  /** Any text; help shows its default in quotes. */
  | 'string'
  /** A text that has a form of its own; help shows its default bare. */
  | 'value'
  /** Go's durations: `30m`, `1h30m`, `0`. */
  | 'duration'
  | 'int';

export interface FlagSpec {
  readonly name: string;
  readonly kind: FlagKind;
  /** As help shows it, and what counts when the flag is not given. */
  readonly initial: string;
  readonly help: string;
  /** What `--x` alone means; without it the next word is the value. */
  readonly alone?: string;
  /** Every occurrence counts; otherwise the last one wins. */
  readonly repeats?: true;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** `app`: belongs to the image before it; `either`: to the image before it or, before any, to all. */
  readonly scope?: 'app' | 'either';
  /** What to use instead, as a clause: `use --caps-retain instead`. Not shown in help. */
  readonly deprecated?: string;
  /** Not shown in help. */
  readonly hidden?: true;
}

export interface CommandSpec {
  readonly name: string;
  /** What comes after the command's name in the usage line. */
  readonly usage?: string;
  readonly short: string;
  readonly long?: string;
  readonly flags: readonly FlagSpec[];
  readonly commands?: readonly CommandSpec[];
  /**
   * `free`: flags anywhere among the words; `leading`: flags before the first word only;
   * `images`: `IMAGE [flags] [-- args] [---] IMAGE …`.
   */
  readonly grammar: 'free' | 'leading' | 'images';
  /** Before the images a pod is named. */
  readonly podFirst?: true;
  /** Whether `-- args` may follow an image. */
  readonly imageArgs?: true;
  readonly needsRoot?: true;
  readonly hidden?: true;
  /** Not one of rkt 1.30: what was short for one of those is so still. */
  readonly added?: true;
  /** Known by name and refused. */
  readonly later?: true;
  /** Shown in the documentation: a line on what it does, and what to type. */
  readonly examples?: readonly { readonly title: string; readonly text: string }[];
}

export function bool(name: string, help: string, more: Partial<FlagSpec> = {}): FlagSpec {
  return { name, kind: 'bool', initial: 'false', alone: 'true', help, ...more };
}

export function text(name: string, help: string, more: Partial<FlagSpec> = {}): FlagSpec {
  return { name, kind: 'string', initial: '', help, ...more };
}

export function value(name: string, help: string, more: Partial<FlagSpec> = {}): FlagSpec {
  return { name, kind: 'value', initial: '', help, ...more };
}

export function list(name: string, help: string, more: Partial<FlagSpec> = {}): FlagSpec {
  return { name, kind: 'value', initial: '', repeats: true, help, ...more };
}

export function duration(name: string, initial: string, help: string): FlagSpec {
  return { name, kind: 'duration', initial, help };
}
