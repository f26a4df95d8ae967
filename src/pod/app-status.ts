import type { AcIdentifier, AcName, ImageId, Label, RuntimeApp } from '#appc';
import { type AppUpkeep, readAppUpkeep } from './app-upkeep.ts';
import type { PodDirectory } from './pod-directory.ts';
import { podFiles } from './layout.ts';
import { isAfterRun, type PodState } from './phase.ts';

/** The words of rkt's JSON output. `unknown`: the pod is being prepared, or never was. */
export type AppState = 'unknown' | 'created' | 'running' | 'exited';

/** Times are ns since the epoch. */
export interface AppStatus extends AppUpkeep {
  readonly name: AcName;
  readonly imageId: ImageId;
  readonly imageName?: AcIdentifier;
  readonly imageLabels: readonly Label[];
  readonly state: AppState;
  /** Absent while it runs, and where the pod was killed before it could be written. */
  readonly exitCode?: number;
  /** Both of an app in a pod whose apps change; of any other they are the pod's. */
  readonly createdAt?: bigint;
  readonly startedAt?: bigint;
  readonly finishedAt?: bigint;
  /** It failed, and the kernel had killed processes of it for want of memory. */
  readonly outOfMemory: boolean;
}

/** What became of one app of a pod in `podState`, whose apps come and go if it is `mutable`. */
export function readAppStatus(directory: PodDirectory, podState: PodState, app: RuntimeApp, mutable: boolean): AppStatus {
  const life = mutable ? readLife(directory, app.name) : undefined;
  const mayHaveEnded = life === undefined ? mayHaveRun(podState) : life.startedAt !== undefined;
  const { exitCode, finishedAt, outOfMemory = false } = mayHaveEnded ? readExit(directory, app.name) : {};
  return {
    name: app.name,
    imageId: app.image.id,
    ...(app.image.name === undefined ? {} : { imageName: app.image.name }),
    imageLabels: app.image.labels ?? [],
    state: exitCode === undefined ? stateWithoutExitCode(podState, life) : 'exited',
    ...life,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    outOfMemory,
    ...(mayHaveRun(podState) ? readAppUpkeep(directory, app) : {}),
  };
}

function readExit(directory: PodDirectory, app: AcName): { exitCode?: number; finishedAt?: bigint; outOfMemory?: boolean } {
  const usual = `${podFiles.stage1Rootfs}/${podFiles.status(app)}`;
  const there = directory.number(usual);
  const file = there === undefined ? directory.inStage1(podFiles.status(app)) : usual;
  const exitCode = there ?? (file === usual ? undefined : directory.number(file));
  if (exitCode === undefined) return {};
  const finishedAt = directory.modifiedAt(file);
  const outOfMemory = exitCode !== 0 && directory.number(directory.inStage1(podFiles.oomKills(app))) !== undefined;
  return { exitCode, outOfMemory, ...(finishedAt === undefined ? {} : { finishedAt }) };
}

function mayHaveRun(podState: PodState): boolean {
  return podState === 'running' || isAfterRun(podState);
}

type Life = Pick<AppStatus, 'createdAt' | 'startedAt'>;

function readLife(directory: PodDirectory, app: AcName): Life {
  const createdAt = directory.modifiedAt(directory.inStage1(podFiles.created(app)));
  const startedAt = directory.modifiedAt(directory.inStage1(podFiles.started(app)));
  return { ...(createdAt !== undefined && { createdAt }), ...(startedAt !== undefined && { startedAt }) };
}

/** An app of a pod that is prepared is created, as is one that was added to a running pod. */
function stateWithoutExitCode(podState: PodState, life: Life | undefined): AppState {
  if (podState === 'prepared') return 'created';
  if (podState === 'running' && life !== undefined && life.startedAt === undefined) return 'created';
  if (podState === 'running') return 'running';
  return isAfterRun(podState) ? 'exited' : 'unknown';
}
