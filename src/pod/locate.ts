import { existsSync } from 'node:fs';
import { listDirectory, Lock, openForLock, unlessMissing } from '#sys';
import { PodError } from './errors.ts';
import { phaseDir, podDir } from './layout.ts';
import { isLocked } from './pod-lock.ts';
import { lockMatters, type Phase, phases, visiblePhases } from './phase.ts';
import { emptyUuid, isUuid, type Uuid } from './uuid.ts';

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
    const fd = unlessMissing(() => openForLock(path, 'directory'));
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

/** Pods by name, each with the last phase it was seen in, sorted by UUID. */
export function listUuids(dataDir: string, among: readonly Phase[]): [Uuid, Phase][] {
  const seen = new Map<Uuid, Phase>();
  for (const phase of phases.filter((each) => among.includes(each))) {
    for (const name of listDirectory(phaseDir(dataDir, phase))) if (isUuid(name)) seen.set(name, phase);
  }
  return [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The one visible pod whose UUID starts so.
 *
 * @throws {PodError} `uuid-empty`, `pod-not-found`, `uuid-ambiguous`
 */
export function resolveUuid(dataDir: string, text: string): Uuid {
  const prefix = text.toLowerCase();
  if (prefix === '') throw emptyUuid();
  if (isUuid(prefix)) return prefix;
  const matches = listUuids(dataDir, visiblePhases).filter(([uuid]) => uuid.startsWith(prefix));
  if (matches.length > 1) {
    const hint = matches.slice(0, 5).map(([uuid]) => uuid).join(', ');
    throw new PodError('uuid-ambiguous', `ambiguous uuid, ${matches.length} matches`, { hint });
  }
  if (matches[0] === undefined) throw podNotFound(text);
  return matches[0][0];
}

export function podNotFound(text: string): PodError {
  return new PodError('pod-not-found', `no matches found for ${JSON.stringify(text)}`, { hint: 'see which pods there are: rkt list' });
}
