import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { AppError, findAppProgram, hostPathOf } from '#stage1/apps';
import { unlessMissing } from '#sys';
import type { OciProcess } from './config-types.ts';
import { OciStage1Error } from './errors.ts';
import { ociFiles } from './pod-paths.ts';
import type { Runtime } from './runtime.ts';

const ANY_EXECUTE = 0o111;

/**
 * That a running app has the program that is to be entered, and that it is one. The runtime would say so
 * too, but by an exit status that no shell has for it; and it leaves a dead process in the pod, which stays
 * there where the host's process 1 does not reap.
 *
 * Nothing of the app is opened: it may have put anything there.
 *
 * @throws {OciStage1Error} 'no-program', 'not-executable'
 */
export function requireProgram(runtime: Runtime, podDir: string, app: string, { args, cwd, env }: OciProcess): void {
  const pid = appPid(runtime, podDir, app);
  const program = args[0] ?? '';
  if (pid === undefined) return;
  const stat = statProgram(`/proc/${pid}/root`, program, cwd, env);
  if (stat?.isFile() === true && (stat.mode & ANY_EXECUTE) !== 0) return;
  if (stat !== undefined) {
    throw new OciStage1Error('not-executable', `cannot enter app "${app}": "${program}" cannot be executed`);
  }
  throw new OciStage1Error('no-program', `cannot enter app "${app}": it has no program "${program}"`, {
    hint: `name one that is in its image: rkt enter --app=${app} UUID /bin/sh`,
  });
}

function statProgram(root: string, program: string, cwd: string, env: readonly string[]): Stats | undefined {
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length);
  try {
    const found = findAppProgram(root, program, cwd, path);
    return lstatSync(hostPathOf(root, found), { throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof AppError && error.code === 'program-not-found') return undefined;
    throw error;
  }
}

/** The app's first process, as the runtime has written it down. */
function appPid({ kind }: Runtime, podDir: string, app: string): number | undefined {
  const directory = `${podDir}/${ociFiles.runtimeRoot}/${app}`;
  const text = unlessMissing(() => readFileSync(`${directory}/${kind === 'crun' ? 'status' : 'state.json'}`, 'utf8'));
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as { readonly pid?: number; readonly init_process_pid?: number };
  return state.pid ?? state.init_process_pid;
}
