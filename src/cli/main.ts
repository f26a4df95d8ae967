/** The program: hands argv to the commands, prints what they say and exits as they say. */
import { isTerminal, takeOwnUmask } from '#sys';
import { errorText } from './output/error-text.ts';
import { runCommand } from './run-command.ts';
import type { Surroundings } from './surroundings.ts';
import { readLine, writeAll } from './terminal.ts';

/** What a shell shows for a process that SIGPIPE has ended. */
const SIGPIPE_EXIT = 141;

const descriptors = { stdout: 1, stderr: 2 } as const;

const isRoot = process.geteuid?.() === 0;

const surroundings: Surroundings = {
  environment: process.env,
  isRoot,
  enterUserNamespace: async (line, argv) => {
    if (!isRoot) (await import('./rootless.ts')).enterUserNamespace(line, argv);
  },
  now: () => BigInt(Date.now()) * 1_000_000n,
  write,
  watched: () => isTerminal(2),
  attended: () => isTerminal(0) && isTerminal(2),
  readLine: () => (isTerminal(0) ? readLine(0) : undefined),
  openScreen: async () => (await import('./screen.ts')).openScreen(),
  attachedCaller: async () => (await import('./attached-caller.ts')).attachedCaller(),
  startProfiles: async (files) => (await import('./profile.ts')).startProfiles(files),
  loadEngine: async (globals, listener) => (await import('./engine.ts')).createEngine(globals, listener),
};

function write(stream: 'stdout' | 'stderr', text: string | Uint8Array): void {
  try {
    writeAll(descriptors[stream], text);
  } catch (error) {
    // Nobody reads on; whoever did has taken what they wanted.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(SIGPIPE_EXIT);
    // There is nowhere else to say it.
    if (stream === 'stderr') return;
    throw error;
  }
}

function exitOnFault(fault: unknown): never {
  write('stderr', errorText(fault, { command: 'rkt', debug: process.argv.includes('--debug') }));
  process.exit(254);
}

async function main(argv: readonly string[]): Promise<number> {
  takeOwnUmask();
  if (argv[0] === '__unpack') return await (await import('#store')).unpackerMain(argv.slice(1));
  if (argv[0] === '__fetch') return await (await import('#image')).fetcherMain();
  if (argv[0] === '__pack') return (await (await import('#store')).loadArchives()).packerMain();
  if (argv[0] === '__archive') return (await (await import('#store')).loadArchives()).archiverMain(argv.slice(1));
  if (argv[0] === '__copy-tree') return (await import('#stage0')).copyTreeMain(argv.slice(1));
  if (argv[0] === '__stage1') return await (await import('./stage1-entrypoint.ts')).stage1Main(argv.slice(1), process.env);
  return await runCommand(argv, surroundings);
}

process.on('uncaughtException', exitOnFault);
process.on('unhandledRejection', exitOnFault);
// A promise that nothing settles any more would else end the program as if all had gone well.
process.on('beforeExit', () => exitOnFault(new Error('nothing is left to wait for, and there is no result')));
void main(process.argv.slice(2)).then((code) => process.exit(code));
