import { existsSync } from 'node:fs';
import { listDirectory, Lock, openForLock } from '#sys';
import { phaseDir, podDir } from './layout.ts';
import { isLocked } from './pod-lock.ts';
import { lockMatters, type Phase, phases } from './phase.ts';
import { isUuid, type Uuid } from './uuid.ts';

/** A pod seen at one moment: its open directory, where that was, and whether another held its lock. */
export interface Sighting {
  readonly phase: Phase;
  readonly locked: boolean;
  /** Open, not locked by us; the descriptor stays with the directory when that moves. */
  readonly handle: Lock;
}

/**
 * Finds a pod, in `from` or a later phase; undefined where it is in none.
 *
 * Pods move forward only, so looking through the phases in their order meets a moving pod for sure.
 */
export function sightPod(dataDir: string, uuid: Uuid, from: Phase = 'embryo'): Sighting | undefined {
  for (const phase of phases.slice(phases.indexOf(from))) {
    const path = podDir(dataDir, phase, uuid);
    const fd = openIfDirectory(path);
    if (fd === undefined) continue;
    const handle = new Lock(fd);
    const locked = lockMatters(phase) && isLocked(fd);
    // A maker unlocks its pod after moving it to prepared: unlocked and still here is what "aborted" means.
    if (phase === 'prepare' && !locked && !existsSync(path)) {
      handle.release();
      continue;
    }
    return { phase, locked, handle };
  }
  return undefined;
}

/** A file of that name is no pod, and must not keep from all the others. */
function openIfDirectory(path: string): number | undefined {
  try {
    return openForLock(path, 'directory');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Pods by name, each with the last phase it was seen in, sorted by UUID. */
export function listUuids(dataDir: string, among: readonly Phase[]): [Uuid, Phase][] {
  const seen = new Map<Uuid, Phase>();
  for (const phase of phases.filter((each) => among.includes(each))) {
    for (const name of listDirectory(phaseDir(dataDir, phase))) if (isUuid(name)) seen.set(name, phase);
  }
  return [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
}
