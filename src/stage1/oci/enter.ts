import { existsSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { type EnterArgs, type FlavorContext, stage1Layout } from '#stage1/abi';
import { becomeProcess, isRootless, isTerminal, readTextIfExists, unlessMissing, unshareMounts, writeWhole } from '#sys';
import { cgroupOfPod } from './cgroup-of-pod.ts';
import { coverHybridCgroups } from './cgroup-view.ts';
import type { OciConfig, OciProcess } from './config-types.ts';
import { requireProgram } from './entered-program.ts';
import { OciStage1Error } from './errors.ts';
import { ociFiles } from './pod-paths.ts';
import { findRuntime } from './runtime.ts';
import { runtimeArguments } from './supervisor.ts';

/**
 * Becomes a command in an app: in all its namespaces and its cgroup, as its user, with its environment, its
 * capabilities, its system call filter and no_new_privs; nothing the app may not do is open to it.
 *
 * @throws {OciStage1Error} 'no-app', 'not-running', 'no-program'
 */
export async function enter(context: FlavorContext, args: EnterArgs): Promise<never> {
  const { podDir } = context;
  const config = readRunningConfig(podDir, args.appName);
  const terminal = isTerminal(0);
  const runtime = findRuntime();
  const cgroup = cgroupOfPod(podDir);
  const entered = planEntered(config.process, args.command, terminal);
  requireProgram(runtime, podDir, args.appName, entered);
  const processFd = openUnlinked(`${podDir}/${ociFiles.bundle(args.appName)}/enter-${process.pid}`, entered);
  unshareMounts();
  coverHybridCgroups(runtime);
  const command = [
    runtime.path,
    ...runtimeArguments(runtime, podDir, cgroup !== undefined),
    'exec',
    `--process=/proc/self/fd/${processFd}`,
    ...(terminal ? ['--tty'] : []),
    args.appName,
  ];
  const program = isRootless() && cgroup !== undefined ? (await import('./enter-cgroup.ts')).asOneWhoMayEnter(cgroup, command) : { argv: command, env: {} };
  const relayed = relay(context, program.argv, config.linux.mountLabel);
  return becomeProcess({ ...relayed, env: program.env, cwd: podDir, keepFds: [processFd] });
}

/** SELinux need not let the app use our own standard streams, a file that the output goes to, say. */
function relay({ stage1Root }: FlavorContext, argv: readonly string[], label: string | undefined): { path: string; argv: readonly string[] } {
  if (label === undefined || [0, 1, 2].every(isTerminal)) return { path: argv[0]!, argv };
  return { path: `${stage1Root}/supervisor`, argv: ['rkt-relay', label, ...argv] };
}

/** The app's process with another command, and the caller's terminal. */
function planEntered(app: OciProcess, command: readonly string[], terminal: boolean): OciProcess {
  const term = process.env['TERM'];
  const env = app.env.filter((entry) => term === undefined || !entry.startsWith('TERM='));
  return { ...app, terminal, args: command, env: term === undefined ? env : [...env, `TERM=${term}`] };
}

function readRunningConfig(podDir: string, app: string): OciConfig {
  const text = unlessMissing(() => readFileSync(`${podDir}/${ociFiles.config(app)}`, 'utf8'));
  if (text === undefined) throw new OciStage1Error('no-app', `no app "${app}" has been started in this pod`);
  if (readTextIfExists(`${podDir}/${stage1Layout.status(app)}`) !== undefined) {
    throw new OciStage1Error('not-running', `cannot enter app "${app}": it has ended`);
  }
  if (!existsSync(`${podDir}/${ociFiles.runtimeRoot}/${app}`)) {
    throw new OciStage1Error('not-running', `cannot enter app "${app}": it has not been started`);
  }
  return JSON.parse(text) as OciConfig;
}

/** A file that goes with its last descriptor, whatever becomes of this process. */
function openUnlinked(path: string, value: unknown): number {
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  writeWhole(fd, Buffer.from(JSON.stringify(value)));
  return fd;
}
