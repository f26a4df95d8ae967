import type { FlavorContext, StopArgs } from '#stage1/abi';
import { runProgramHere } from '#sys';
import { callersEnvironment } from './environment.ts';
import { ExternalStage1Error } from './errors.ts';
import { inPodMounts } from './pod-mounts.ts';
import { entrypointOf, interfaceOf } from './stage1-interface.ts';

/** Runs the image's `stop`. @throws {ExternalStage1Error} not-implemented, entrypoint-failed */
export async function stop(context: FlavorContext, { force, uuid }: StopArgs): Promise<void> {
  const path = entrypointOf(context.podDir, interfaceOf(context.podDir), 'stop');
  const status = inPodMounts(context, () => runProgramHere(path, [...(force ? ['--force'] : []), uuid], { env: callersEnvironment(context) }));
  if (status !== 0) throw new ExternalStage1Error('entrypoint-failed', `exit status ${status}`);
}
