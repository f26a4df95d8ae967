import { mkdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { listDirectory, type Lock, lockPath, monotonicMs, unlessMissing } from '#sys';
import { PodError } from './errors.ts';
import { namesDir, podFiles } from './layout.ts';
import { sightPod } from './locate.ts';
import { isFinished, type PodState, stateOf } from './phase.ts';
import { PodDirectory } from './pod-directory.ts';
import { pause } from './pod-lock.ts';
import { isPodName, type PodName } from './pod-name.ts';
import { isUuid, type Uuid } from './uuid.ts';

/**
 * Which pod a name means: a directory of symbolic links, `names/web` → UUID, so that a look-up is one system call
 * however many pods there are. A link is put in place and taken away under a lock on the directory, and a pod
 * keeps its name in its manifest as well.
 *
 * A name belongs to the pod that took it last. Nobody can take it while that pod may still run; once that has
 * exited another may, and until then the name goes on to mean the one that exited. A link that leads nowhere
 * (a crash between the two) counts as none.
 */

/** Milliseconds in which the processes of a pod go whose supervisor was killed: a service manager starts the next at once. */
const LAST_BREATH = 2_000;

/** The pod that a name means; it may be gone. */
export function readPodName(dataDir: string, name: string): Uuid | undefined {
  if (!isPodName(name)) return undefined;
  const target = unlessMissing(() => readlinkSync(linkOf(dataDir, name)));
  return target !== undefined && isUuid(target) ? target : undefined;
}

/** Gives a name to a pod, and takes it from one that has exited. @throws {PodError} `pod-name-taken` */
export function claimPodName(dataDir: string, name: PodName, uuid: Uuid): void {
  mkdirSync(namesDir(dataDir), { recursive: true, mode: 0o750 });
  const deadline = monotonicMs() + LAST_BREATH;
  for (;;) {
    const holder = tryClaim(dataDir, name, uuid);
    if (holder === undefined) return;
    if (!holder.isEnding || monotonicMs() > deadline) {
      throw new PodError('pod-name-taken', `pod name "${name}" is taken by pod "${holder.uuid}"`, {
        hint: `it is ${holder.state}: choose another name, or end it first`,
      });
    }
    pause(20);
  }
}

interface Holder {
  readonly uuid: Uuid;
  readonly state: PodState;
  /** It runs, but its supervisor does not. */
  readonly isEnding: boolean;
}

/** Undefined where that succeeded, else who has the name. */
function tryClaim(dataDir: string, name: PodName, uuid: Uuid): Holder | undefined {
  using _ = lockNames(dataDir);
  const holder = livingHolder(dataDir, name);
  if (holder !== undefined && holder.uuid !== uuid) return holder;
  const fresh = `${namesDir(dataDir)}/.new`;
  rmSync(fresh, { force: true });
  symlinkSync(uuid, fresh);
  renameSync(fresh, linkOf(dataDir, name));
  return undefined;
}

function livingHolder(dataDir: string, name: PodName): Holder | undefined {
  const uuid = readPodName(dataDir, name);
  const sighting = uuid === undefined ? undefined : sightPod(dataDir, uuid);
  if (uuid === undefined || sighting === undefined) return undefined;
  const directory = new PodDirectory(sighting.handle);
  try {
    const state = stateOf(sighting.phase, sighting.locked);
    return isFinished(state) ? undefined : { uuid, state, isEnding: state === 'running' && isOrphaned(directory) };
  } finally {
    directory.close();
  }
}

function isOrphaned(directory: PodDirectory): boolean {
  const supervisor = directory.number(podFiles.ppid);
  return supervisor !== undefined && statSync(`/proc/${supervisor}`, { throwIfNoEntry: false }) === undefined;
}

/** Takes a name from a pod that is about to be deleted; does nothing where another has taken it. */
export function releasePodName(dataDir: string, name: PodName, uuid: Uuid): void {
  if (readPodName(dataDir, name) !== uuid) return;
  using _ = lockNames(dataDir);
  if (readPodName(dataDir, name) === uuid) rmSync(linkOf(dataDir, name), { force: true });
}

/** Removes the links to pods that are gone, as a crash leaves them. */
export function collectPodNames(dataDir: string): void {
  const names = listDirectory(namesDir(dataDir)).filter(isPodName);
  if (names.length === 0) return;
  using _ = lockNames(dataDir);
  for (const name of names) if (isStray(dataDir, name)) rmSync(linkOf(dataDir, name), { force: true });
}

function isStray(dataDir: string, name: PodName): boolean {
  const uuid = readPodName(dataDir, name);
  if (uuid === undefined) return true;
  const sighting = sightPod(dataDir, uuid);
  sighting?.handle.release();
  return sighting === undefined;
}

function lockNames(dataDir: string): Lock {
  return lockPath(namesDir(dataDir), 'directory', 'exclusive', { wait: true })!;
}

function linkOf(dataDir: string, name: PodName): string {
  return `${namesDir(dataDir)}/${name}`;
}
