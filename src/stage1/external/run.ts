import { readFileSync } from 'node:fs';
import { parsePodManifest } from '#appc';
import { podFiles } from '#pod';
import { type FlavorContext, LOCK_FD_VARIABLE, renderRunArgs, type RunArgs, SELINUX, type TreeMount } from '#stage1/abi';
import { becomeProcess, unshareMounts } from '#sys';
import { callersEnvironment } from './environment.ts';
import { writeAppFiles } from './pod-files.ts';
import { mountTrees } from './pod-mounts.ts';
import { writeRunRecord } from './run-record.ts';
import { entrypointOf, interfaceOf, requireMutable } from './stage1-interface.ts';

/** The first descriptor that a service manager passes (sd_listen_fds(3)). */
const FIRST_SOCKET = 3;

/**
 * Mounts the files of stage1 and of the apps, where only the pod sees them and they go with its last process, and becomes
 * the image's `run`.
 */
export async function run(context: FlavorContext, args: RunArgs, trees: Promise<readonly TreeMount[]>): Promise<never> {
  const { podDir, lockFd, selinux, warn } = context;
  const stage1 = interfaceOf(podDir);
  if (args.mutable) requireMutable(stage1);
  const path = entrypointOf(podDir, stage1, 'run');
  const { argv, unsupported } = renderRunArgs(args, stage1.version);
  for (const name of unsupported) warn(`run: warning: ${name} option is not supported by stage1`);
  const manifest = parsePodManifest(readFileSync(`${podDir}/${podFiles.manifest}`, 'utf8'));
  const mounts = await trees;
  unshareMounts();
  mountTrees({ ...context, ...(context.tree && selinux && { tree: { ...context.tree, label: selinux.file } }) }, mounts);
  process.chdir(podDir);
  for (const app of manifest.apps) writeAppFiles(podDir, app);
  writeRunRecord(podDir);
  return becomeProcess({ path, argv: [path, ...argv], env: environment(context), cwd: podDir, keepFds: [lockFd, ...passedSockets()] });
}

/** The caller's, as rkt has it, and what rkt tells there. */
function environment(context: FlavorContext): Record<string, string> {
  const { lockFd, selinux } = context;
  const told = { [LOCK_FD_VARIABLE]: String(lockFd), [SELINUX.process]: selinux?.process ?? '', [SELINUX.files]: selinux?.file ?? '' };
  return { ...callersEnvironment(context), ...told };
}

/** The sockets that a service manager has passed to this very process. */
function passedSockets(): number[] {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = process.env;
  if (pid !== String(process.pid) || count === undefined || !/^\d{1,4}$/.test(count)) return [];
  return Array.from({ length: Number(count) }, (_, at) => FIRST_SOCKET + at);
}
