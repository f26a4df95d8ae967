import { CliError } from './cli-error.ts';
import { type CommandContext, FAILURE, type Outcome } from './command.ts';
import { commandModules } from './command-modules.ts';
import { listenerOf } from './listener.ts';
import { errorText } from './output/error-text.ts';
import { type CommandLine, parseCommandLine } from './parse/command-line.ts';
import { findCommand, unknownCommand } from './parse/find-command.ts';
import { globalOptions } from './requests/global-options.ts';
import type { Surroundings } from './surroundings.ts';

/** Does what the command line says and tells what came of it. Gives the exit code; never throws. */
export async function runCommand(argv: readonly string[], around: Surroundings): Promise<number> {
  const failure = { command: 'rkt', debug: argv.includes('--debug'), hint: "Run 'rkt --help' for usage." };
  try {
    failure.command = findCommand(argv).path.at(-1) ?? 'rkt';
    const line = parseCommandLine(argv);
    failure.hint = `Run '${line.path.join(' ')} --help' for usage.`;
    failure.debug = line.globals.bool('debug');
    for (const notice of line.notices) around.write('stderr', `${notice}\n`);
    await around.enterUserNamespace(line, argv);
    const { exitCode, stderr = '', stdout = '' } = await outcomeOf(line, around);
    if (stdout !== '') around.write('stdout', stdout);
    if (stderr !== '') around.write('stderr', stderr);
    return exitCode;
  } catch (error) {
    around.write('stderr', errorText(withHint(error, failure.hint), failure));
    return FAILURE;
  }
}

/** An error of usage points to the help of its command. */
function withHint(error: unknown, hint: string): unknown {
  if (!(error instanceof CliError) || error.code !== 'usage' || error.hint !== undefined) return error;
  return new CliError('usage', error.message, { hint, cause: error.cause });
}

async function outcomeOf(line: CommandLine, around: Surroundings): Promise<Outcome> {
  const { args, command, help, path } = line;
  if (help) return showHelp(line, 0);
  const load = commandModules[path.slice(1).join(' ')];
  if (load === undefined) {
    if (args[0] !== undefined) throw unknownCommand(path, args[0]);
    return path.length > 1 ? showHelp(line, 0) : { ...(await showHelp(line, 2)), stderr: 'rkt: missing command\n' };
  }
  if (command.needsRoot && !around.isRoot) throw new CliError('unprivileged', 'cannot run as unprivileged user');
  const [cpu, memory] = [line.globals.optional('cpuprofile'), line.globals.optional('memprofile')];
  if (cpu !== undefined || memory !== undefined) await around.startProfiles({ cpu, memory });
  const { execute } = await load();
  return await execute(contextOf(line, around));
}

async function showHelp({ command, path }: CommandLine, exitCode: number): Promise<Outcome> {
  const { helpText } = await import('./output/help.ts');
  return { stdout: helpText(command, path), exitCode };
}

function contextOf(line: CommandLine, around: Surroundings): CommandContext {
  const globals = globalOptions(line.globals);
  const listener = listenerOf(around, globals.debug);
  const command = line.path.at(-1) ?? 'rkt';
  return {
    line,
    globals,
    environment: around.environment,
    now: () => around.now(),
    say: ({ stream, text }) => around.write(stream, text),
    print: (stream, bytes) => around.write(stream, bytes),
    sayError: (error) => around.write('stderr', errorText(error, { command, debug: globals.debug })),
    openScreen: () => around.openScreen(),
    attachedCaller: () => around.attachedCaller(),
    engine: () => around.loadEngine(globals, listener),
  };
}
