import { isolatorOf, type PodManifest } from '#appc';
import { isSelinuxContextText, phaseDir, phases, type Pod, podFiles, renderSelinuxLabels, selinuxLevel, type SelinuxLabels } from '#pod';
import { isSelinuxContext, isSelinuxEnforcing, listDirectory, randomBytes, readTextIfExists, writeFileAtomic } from '#sys';
import { Stage0Error } from './error.ts';

/** Where policies say what containers are labelled: container-selinux, and the place every policy has. */
const OF_CONTAINERS = '/usr/share/containers/selinux/contexts';
const SELINUX = '/etc/selinux';
const CATEGORIES = 1024;

/**
 * Chooses what SELinux is to know a pod by that is about to run, and writes it down; SELinux is active.
 *
 * The contexts are the policy's for containers. Two categories are the pod's alone among those of the data directory,
 * unless an isolator names a level. Undefined, and told, where the policy has no containers.
 *
 * @throws {Stage0Error} 'no-selinux-contexts' where it names contexts that it does not have: what was to be confined
 * must not run unconfined. Where SELinux confines nobody that is a warning
 */
export function chooseSelinuxLabels(dataDir: string, pod: Pod, manifest: PodManifest, warn: (text: string) => void): SelinuxLabels | undefined {
  const place = findContexts();
  const contexts = parseContexts(readTextIfExists(place) ?? '');
  if (contexts === undefined) {
    warn(`warning: SELinux does not tell this pod from others: ${place} names no context for containers`);
    return undefined;
  }
  const named = namedLevel(manifest);
  const labels = named === undefined ? contexts : atLevel(contexts, named);
  const unknown = Object.values(labels).find((context) => !isSelinuxContextText(context) || !isSelinuxContext(context));
  if (unknown === undefined) return named === undefined ? writeWithCategories(labels, dataDir, pod) : write(labels, pod);
  const message = `the SELinux policy has no context ${JSON.stringify(unknown)}, by ${named === undefined ? place : 'the level of an isolator'}`;
  if (isSelinuxEnforcing()) {
    throw new Stage0Error('no-selinux-contexts', message, { hint: 'load a policy that has containers, such as container-selinux' });
  }
  warn(`warning: ${message}: SELinux does not tell this pod from others`);
  return undefined;
}

function write(labels: SelinuxLabels, pod: Pod): SelinuxLabels {
  writeFileAtomic(pod.file(podFiles.selinuxLabels), renderSelinuxLabels(labels));
  return labels;
}

function findContexts(): string {
  if (readTextIfExists(OF_CONTAINERS) !== undefined) return OF_CONTAINERS;
  const policy = /^\s*SELINUXTYPE\s*=\s*"?([\w-]+)/m.exec(readTextIfExists(`${SELINUX}/config`) ?? '')?.[1] ?? 'targeted';
  return `${SELINUX}/${policy}/contexts/lxc_contexts`;
}

/** Lines as `process = "USER:ROLE:TYPE:LEVEL"`, of which `process`, `file` and `ro_file` matter. Pure. */
export function parseContexts(text: string): SelinuxLabels | undefined {
  const context = (name: string): string => new RegExp(`^\\s*${name}\\s*=\\s*"?([^\\s"]+)"?\\s*$`, 'm').exec(text)?.[1] ?? '';
  const file = context('file');
  const contexts = { process: context('process'), file, image: context('ro_file') || file };
  return Object.values(contexts).every(isSelinuxContextText) ? contexts : undefined;
}

/**
 * The level that an isolator names is that of the whole pod, so that its app can use the pod's files and its other apps
 * share them. The pod's own isolator goes first.
 */
function namedLevel({ isolators, apps }: PodManifest): string | undefined {
  const owners = [{ isolators: isolators ?? [] }, ...apps.flatMap(({ app }) => app ?? [])];
  const [named] = owners.flatMap((owner) => isolatorOf(owner, 'selinux-context') ?? []);
  // A file has one level, where a process may have a range.
  return named?.level.split('-')[0];
}

/** Two that choose the same at once both see it when they look again, and both choose again. */
function writeWithCategories(contexts: SelinuxLabels, dataDir: string, pod: Pod): SelinuxLabels {
  if (selinuxLevel(contexts.process) === undefined) return write(contexts, pod);
  for (;;) {
    const level = findFreeLevel(levelsOfOthers(dataDir, pod), () => randomBytes(4));
    const labels = write(atLevel(contexts, level), pod);
    if (!levelsOfOthers(dataDir, pod).has(level)) return labels;
  }
}

/** Two different categories at random, four bytes of it each time, that are not taken together. Pure but for `random`. */
export function findFreeLevel(taken: ReadonlySet<string>, random: () => Buffer): string {
  for (;;) {
    const bytes = random();
    const first = bytes.readUInt16LE(0) % CATEGORIES;
    const second = (first + 1 + (bytes.readUInt16LE(2) % (CATEGORIES - 1))) % CATEGORIES;
    const level = `s0:c${Math.min(first, second)},c${Math.max(first, second)}`;
    if (!taken.has(level)) return level;
  }
}

/** Images stay at the level that every pod may read. */
function atLevel({ process, file, image }: SelinuxLabels, level: string): SelinuxLabels {
  const at = (context: string): string => `${context.split(':').slice(0, 3).join(':')}:${level}`;
  return { process: at(process), file: at(file), image };
}

function levelsOfOthers(dataDir: string, own: Pod): ReadonlySet<string> {
  const directories = phases.map((phase) => phaseDir(dataDir, phase));
  const others = directories.flatMap((directory) => listDirectory(directory).flatMap((uuid) => (uuid === own.uuid ? [] : `${directory}/${uuid}`)));
  return new Set(others.flatMap((directory) => levelOfPod(directory) ?? []));
}

function levelOfPod(directory: string): string | undefined {
  const [process = ''] = (readTextIfExists(`${directory}/${podFiles.selinuxLabels}`) ?? '').split('\n');
  return selinuxLevel(process);
}
