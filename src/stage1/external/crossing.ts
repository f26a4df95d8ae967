import { CROSSING, type Entrypoint, type FlavorContext } from '#stage1/abi';
import { runProgramHere, runProgramSync } from '#sys';
import { programVariable } from './environment.ts';
import { ExternalStage1Error } from './errors.ts';
import { inPodMounts } from './pod-mounts.ts';
import { waitForProcess } from './pod-process.ts';
import { entrypointOf, interfaceOf } from './stage1-interface.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface Crossing {
  readonly entrypoint: Entrypoint;
  readonly app: string;
  readonly args: readonly string[];
}

/** An entrypoint that works inside the pod, which it is told how to enter. */
interface PreparedCrossing {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

async function prepareCrossing(context: FlavorContext, { app, entrypoint }: Crossing): Promise<PreparedCrossing> {
  const { podDir } = context;
  const stage1 = interfaceOf(podDir);
  const path = entrypointOf(podDir, stage1, entrypoint);
  const command = entrypointOf(podDir, stage1, 'enter');
  const pid = String(await waitForProcess(podDir));
  const told = { [CROSSING.command]: command, [CROSSING.pid]: pid, [CROSSING.app]: app };
  return { path, env: { ...told, ...programVariable(context), PATH: process.env['PATH'] || PATH } };
}

/**
 * Runs it; `first` is done just before, among the pod's mounts. Gives its exit status and what it printed.
 *
 * @throws {ExternalStage1Error} not-implemented, no-process
 */
export async function cross(context: FlavorContext, crossing: Crossing, first = (): void => {}): Promise<{ status: number; stdout: string; stderr: string }> {
  const { env, path } = await prepareCrossing(context, crossing);
  return inPodMounts(context, () => {
    first();
    return runProgramSync(path, crossing.args, { env });
  });
}

/** As {@link cross}; what it says is told where it fails. @throws {ExternalStage1Error} entrypoint-failed too */
export async function crossOrFail(context: FlavorContext, crossing: Crossing, first?: () => void): Promise<string> {
  const { status, stderr, stdout } = await cross(context, crossing, first);
  if (status === 0) return stdout;
  throw failure(status, `${stdout}\n${stderr}`);
}

/** Runs it with the caller's standard streams. @throws {ExternalStage1Error} entrypoint-failed too */
export async function crossWithCaller(context: FlavorContext, crossing: Crossing): Promise<void> {
  const { env, path } = await prepareCrossing(context, crossing);
  const status = inPodMounts(context, () => runProgramHere(path, crossing.args, { env }));
  if (status !== 0) throw failure(status);
}

/** What it says may name what an image or an app has put there: nothing in it is for a terminal to obey. */
export function failure(status: number, said = ''): ExternalStage1Error {
  const hint = said.slice(0, 2000).replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return new ExternalStage1Error('entrypoint-failed', `error executing stage1 entrypoint: exit status ${status}`, hint === '' ? {} : { hint });
}
