import { parseIdRange, phaseDir, phases, type Pod, PodError, podFiles, renderIdRange } from '#pod';
import { type IdRange, isRootless, listDirectory, randomBytes, readTextIfExists, writeFileAtomic } from '#sys';
import { Stage0Error } from './error.ts';

/** As rkt had it: ranges of 64Ki users that begin at multiples of that, below 2³¹, as devpts once took no more. */
const COUNT = 0x10000;
const RANGES = 0x7fff;

/** Chooses the users of a pod that is being prepared, and writes them down. They are nobody else's. @throws {Stage0Error} 'no-free-users' */
export function choosePrivateUsers(dataDir: string, pod: Pod): IdRange {
  if (isRootless()) {
    throw new Stage0Error('no-free-users', '--private-users takes root: without it a pod is in the user namespace of its user already');
  }
  for (;;) {
    const taken = [...hostRanges(), ...podRanges(dataDir, pod)];
    const range = findFreeRange(taken, randomBytes(2).readUInt16LE(0));
    writeFileAtomic(pod.file(podFiles.privateUsersPrepared), renderIdRange(range));
    // Two that chose the same at once both see it now, and both choose again.
    if (!podRanges(dataDir, pod).some((other) => overlap(range, other))) return range;
  }
}

/** The first range from a random one on that overlaps none. @throws {Stage0Error} 'no-free-users' */
export function findFreeRange(taken: readonly IdRange[], random: number): IdRange {
  for (let tried = 0; tried < RANGES; tried++) {
    const range = { shift: (((random + tried) % RANGES) + 1) * COUNT, count: COUNT };
    if (!taken.some((other) => overlap(range, other))) return range;
  }
  throw new Stage0Error('no-free-users', 'no range of 65536 users is left for a user namespace', {
    hint: 'collect pods that have exited: rkt gc',
  });
}

function overlap(a: IdRange, b: IdRange): boolean {
  return a.shift < b.shift + b.count && b.shift < a.shift + a.count;
}

function podRanges(dataDir: string, own: Pod): IdRange[] {
  return phases.flatMap((phase) => {
    const directory = phaseDir(dataDir, phase);
    const others = listDirectory(directory).filter((uuid) => uuid !== own.uuid);
    return others.flatMap((uuid) => readRange(`${directory}/${uuid}/${podFiles.privateUsersPrepared}`));
  });
}

/** None where there is no file, or one that a crash of the machine has cut off. */
function readRange(file: string): IdRange[] {
  try {
    return [parseIdRange(readTextIfExists(file) ?? '')];
  } catch (error) {
    if (error instanceof PodError) return [];
    throw error;
  }
}

/** Users and groups of the host, and what it has given to others (subuid(5)). */
function hostRanges(): IdRange[] {
  const column = (file: string, first: number, count?: number): IdRange[] =>
    (readTextIfExists(file) ?? '').split('\n').flatMap((line) => {
      const fields = line.split(':');
      const range = { shift: Number(fields[first]), count: count === undefined ? 1 : Number(fields[count]) };
      return fields.length > first && Number.isInteger(range.shift) && Number.isInteger(range.count) ? [range] : [];
    });
  return [...column('/etc/subuid', 1, 2), ...column('/etc/subgid', 1, 2), ...column('/etc/passwd', 2), ...column('/etc/group', 2)];
}
