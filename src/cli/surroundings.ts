import type { AttachedCaller, Engine, GlobalOptions, Listener } from '#stage0';
import type { CommandLine } from './parse/command-line.ts';
import type { ProfileFiles } from './profile.ts';
import type { Screen } from './screen.ts';

/** All that a command knows of the process it runs in; tests bring their own. */
export interface Surroundings {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** The effective user is root. */
  readonly isRoot: boolean;
  /** Where rkt is to go on as root of a user namespace: does so, and does not return. */
  enterUserNamespace(line: CommandLine, argv: readonly string[]): Promise<void>;
  /** Nanoseconds since the epoch. */
  now(): bigint;
  write(stream: 'stdout' | 'stderr', text: string | Uint8Array): void;
  /** Whether somebody looks at standard error while it is written. */
  watched(): boolean;
  /** Whether somebody can be asked: standard input and standard error are a terminal. */
  attended(): boolean;
  /** The line that the user types next, without its end; undefined when nobody is there to type. */
  readLine(): string | undefined;
  /** Takes the whole terminal; undefined where there is none. */
  openScreen(): Promise<Screen | undefined>;
  /** This process, as one who attaches to an app. */
  attachedCaller(): Promise<AttachedCaller>;
  /** Profiles this process to its end. @throws {CliError} where a file cannot be written */
  startProfiles(files: ProfileFiles): Promise<void>;
  loadEngine(globals: GlobalOptions, listener: Listener): Promise<Engine>;
}
