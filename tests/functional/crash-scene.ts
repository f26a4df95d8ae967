import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findKillPoints, findLeaks, findPodLeaks, type KillPoint, rktProgram, runKilledAt, sampleOf } from '#tests/support';
import type { Scene } from './scene.ts';

const ENDING_MS = 5000;
const PHASES = ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage', 'garbage'];

/** The UUIDs below `pods/`, whatever phase they are in. */
export function uuidsIn(scene: Scene, phases: readonly string[] = PHASES): string[] {
  return phases.flatMap((phase) => namesIn(join(scene.home.dataDir, 'pods', phase)));
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * That rkt works on, and that one collection removes all that any pod has left, here and on the host.
 *
 * An embryo, which is an empty directory, may stay for a minute: its maker may be alive.
 */
export async function assertCollectable(scene: Scene, when: string): Promise<void> {
  const uuids = uuidsIn(scene);
  await untilNoneRuns(scene);
  await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
  const left = [
    ...uuidsIn(scene, PHASES.slice(1)).map((uuid) => `pod ${uuid}`),
    ...namesIn(join(scene.home.dataDir, 'pods/embryo')).flatMap((uuid) => namesIn(join(scene.home.dataDir, 'pods/embryo', uuid))),
    ...findLeaks(scene.home.path),
    ...uuids.flatMap((uuid) => findPodLeaks(uuid)),
  ];
  assert.deepEqual(left, [], when);
}

/** A pod whose supervisor was killed runs until its init has ended all else. */
async function untilNoneRuns(scene: Scene): Promise<void> {
  const end = Date.now() + ENDING_MS;
  while (/\trunning\t/.test((await scene.rkt(['list', '--full'])).stdout)) {
    if (Date.now() > end) throw new Error(`still running after ${ENDING_MS} ms`);
    await sleep(50);
  }
}

/** Does `args` over and over, killed at one point after the other; `after` each time says what must hold then. */
export async function sweepKills(
  scene: Scene,
  args: readonly string[] | (() => Promise<readonly string[]>),
  most: number,
  after: (when: string) => Promise<void>,
): Promise<void> {
  const flags = [...scene.home.flags, '--insecure-options=image,http'];
  const line = async (): Promise<string[]> => [...flags, ...(typeof args === 'function' ? await args() : args)];
  const points = await findKillPoints(rktProgram(), await line());
  await after('not killed');
  assert.ok(points.length > 3, `only ${points.length} points`);
  const failures: string[] = [];
  for (const point of sampleOf(points, most)) {
    await runKilledAt(point, rktProgram(), await line());
    await after(describe(point)).catch((error: unknown) => failures.push(`${describe(point)}: ${(error as Error).message}`));
  }
  assert.deepEqual(failures, []);
}

function describe({ call, nth, text }: KillPoint): string {
  return `killed before ${call} ${nth}: ${text.slice(0, 200)}`;
}
