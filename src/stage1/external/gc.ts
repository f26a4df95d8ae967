import { readFileSync } from 'node:fs';
import { messageOf } from '#errors';
import type { FlavorContext, GcArgs } from '#stage1/abi';
import { inOwnMounts, runProgramHere, unmountAll } from '#sys';
import { callersEnvironment } from './environment.ts';
import { mountImage, mountTree } from './pod-mounts.ts';
import { hasRun } from './run-record.ts';
import { entrypointOf, interfaceOf } from './stage1-interface.ts';

/** The interface version that told `gc` where the configuration is. */
const LOCAL_CONFIG_SINCE = 5;

/**
 * Runs the image's `gc`, with the files of stage1 as the pod has left them, and unmounts what the host has mounted in the
 * pod. That the image fails keeps no pod, as rkt has it: it is told.
 */
export async function gc(context: FlavorContext, args: GcArgs): Promise<void> {
  const { podDir, warn } = context;
  if (hasRun(podDir)) {
    try {
      const status = runGc(context, args);
      if (status !== 0) warn(`gc: problem performing stage1 GC on "${args.uuid}": exit status ${status}`);
    } catch (error) {
      warn(`gc: problem performing stage1 GC on "${args.uuid}": ${messageOf(error)}`);
    }
  }
  for (const target of mountsBelow(podDir)) unmountAll(target);
}

function runGc(context: FlavorContext, { debug, localConfig, uuid }: GcArgs): number {
  const { podDir } = context;
  const stage1 = interfaceOf(podDir);
  const path = entrypointOf(podDir, stage1, 'gc');
  const config = stage1.version >= LOCAL_CONFIG_SINCE && localConfig !== '' ? ['--local-config', localConfig] : [];
  return inOwnMounts(() => {
    mountAgain(context);
    return runProgramHere(path, [...(debug ? ['--debug'] : []), ...config, uuid], { cwd: podDir, env: callersEnvironment(context) });
  });
}

/** Writable, as it was; where a process that outlived the pod still has it so, as it is in the image. */
function mountAgain(context: FlavorContext): void {
  if (context.tree === undefined) return;
  try {
    mountTree(context.tree);
  } catch {
    mountImage(context);
  }
}

/** The innermost first. In mountinfo (proc_pid_mountinfo(5)) white space and backslashes of a path are octal. */
function mountsBelow(directory: string): string[] {
  const targets = readFileSync('/proc/thread-self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
  const paths = targets.map((text) => text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))));
  return paths.filter((path) => path.startsWith(`${directory}/`)).toReversed();
}
