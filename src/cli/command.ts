import type { AttachedCaller, Engine, GlobalOptions } from '#stage0';
import type { Said } from './output/gc-text.ts';
import type { CommandLine } from './parse/command-line.ts';
import type { Screen } from './screen.ts';

/** What a command has to work with. */
export interface CommandContext {
  readonly line: CommandLine;
  readonly globals: GlobalOptions;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Nanoseconds since the epoch. */
  now(): bigint;
  /** Says something before the command has ended. */
  say(said: Said): void;
  /** Prints bytes as they are before the command has ended. */
  print(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** Says what went wrong with one thing of several. */
  sayError(error: unknown): void;
  /** Takes the whole terminal; undefined where there is none. */
  openScreen(): Promise<Screen | undefined>;
  /** This process, as one who attaches to an app. */
  attachedCaller(): Promise<AttachedCaller>;
  engine(): Promise<Engine>;
}

/** How a command has ended. */
export interface Outcome {
  /** Printed as it is. */
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode: number;
}

/** Throws what `errorText` can tell. */
export type Command = (context: CommandContext) => Promise<Outcome>;

/** Every failure of rkt itself. */
export const FAILURE = 254;

/** The words are not what the command takes: prints its help. */
export async function showUsage({ line }: CommandContext): Promise<Outcome> {
  const { helpText } = await import('./output/help.ts');
  return { stdout: helpText(line.command, line.path), exitCode: FAILURE };
}
