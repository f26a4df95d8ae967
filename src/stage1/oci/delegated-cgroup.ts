/** Cgroups below one that was delegated: to a user who is not root (docs/rootless.md, Limits), or to a unit of systemd. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { findProgram, getXattr, isRootless, isWritable, readTextIfExists, runProgramSync, unlessMissing } from '#sys';

const ROOT = '/sys/fs/cgroup';
/** Where the processes of a divided cgroup are: the kernel wants none beside cgroups with limits (cgroups(7), "no internal processes"). */
const LEAF = 'rkt-leaf';
/** What limits and `rkt stats` need. */
const WANTED = ['cpu', 'io', 'memory', 'pids'];
const UNIT = /\.(?:service|scope|slice|socket|mount|swap)$/;
const TRIES = 50;

/** What is asked of the kernel and of the user's service manager; cgroups are paths relative to the root. */
export interface CgroupTree {
  /** systemd says that a unit's cgroup is the unit's own to divide (systemd.resource-control(5), Delegate=). */
  isMarked(cgroup: string): boolean;
  /** The same by asking: as a manager of a user, systemd marks nothing before version 254. */
  isDelegatedUnit(name: string): boolean;
  /** This process may make cgroups in it and move processes. */
  isWritable(cgroup: string): boolean;
  /** All are writable: that says nothing. */
  readonly isRoot: boolean;
}

/**
 * The cgroup that this process, which is in `own`, may divide; undefined where none is.
 *
 * What a service manager has not delegated it may rearrange at any time, though the user owns the files. Without one,
 * whose they are is all there is to ask; of root's that is nothing.
 */
export function findDelegated(own: string, tree: CgroupTree): string | undefined {
  const marked = ancestors(own).find((cgroup) => tree.isMarked(cgroup));
  if (marked === undefined && tree.isRoot) return undefined;
  const found = marked === undefined ? withoutLeaf(own, tree) : managed(own, marked, tree);
  return found !== undefined && tree.isWritable(found) ? found : undefined;
}

/** `own` is that of a unit, or a leaf that has been made in it. */
function managed(own: string, marked: string, tree: CgroupTree): string | undefined {
  if (marked === own) return own;
  const unit = UNIT.test(own) ? own : dirname(own);
  return marked === unit || (UNIT.test(unit) && tree.isDelegatedUnit(basename(unit))) ? unit : undefined;
}

/** Itself first, without the root. */
function ancestors(cgroup: string): string[] {
  const names = cgroup.split('/');
  return names.map((_, at) => names.slice(0, names.length - at).join('/'));
}

function withoutLeaf(own: string, tree: CgroupTree): string {
  const above = dirname(own);
  return basename(own) === LEAF && tree.isWritable(above) ? above : own;
}

const kernel: CgroupTree = {
  isRoot: !isRootless(),
  isMarked: (cgroup) => unlessMissing(() => getXattr(`${ROOT}/${cgroup}`, 'user.delegate'))?.toString() === '1',
  isDelegatedUnit(name) {
    const systemctl = findProgram('systemctl');
    return systemctl !== undefined && runProgramSync(systemctl, ['--user', 'show', '--property=Delegate', '--value', '--', name]).stdout === 'yes\n';
  },
  isWritable: (cgroup) => ['', 'cgroup.procs', 'cgroup.subtree_control'].every((name) => isWritable(`${ROOT}/${cgroup}/${name}`)),
};

/** The cgroup of version 2 that this process may divide, relative to the root; undefined where none is. */
export function ownDelegated(): string | undefined {
  if (readTextIfExists(`${ROOT}/cgroup.controllers`) === undefined) return undefined;
  const own = /^0::\/(.+)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  return own === undefined ? undefined : findDelegated(own, kernel);
}

/**
 * Makes `names` below a delegated cgroup, one in the other, each with the controllers that there are. All processes of
 * the delegated cgroup, this one too, go to a leaf of it.
 *
 * @throws what the kernel says against it
 */
export function divideDelegated(delegated: string, names: readonly string[]): void {
  moveToLeaf(`${ROOT}/${delegated}`);
  let cgroup = `${ROOT}/${delegated}`;
  enableControllers(cgroup);
  for (const name of names) {
    cgroup = `${cgroup}/${name}`;
    mkdirSync(cgroup, { recursive: true });
    enableControllers(cgroup);
  }
}

/** Those that are started meanwhile are found by looking again. */
function moveToLeaf(cgroup: string): void {
  const leaf = `${cgroup}/${LEAF}`;
  mkdirSync(leaf, { recursive: true });
  for (let tries = 0; tries < TRIES; tries++) {
    const pids = readFileSync(`${cgroup}/cgroup.procs`, 'utf8').split('\n').filter((pid) => pid !== '');
    if (pids.length === 0) return;
    for (const pid of pids) moveProcess(`${leaf}/cgroup.procs`, pid);
  }
  throw new Error(`processes stay in ${cgroup}`);
}

function moveProcess(file: string, pid: string): void {
  // 0: a process of another pid namespace. Written, it would be this one.
  if (pid === '0') throw new Error('processes of another pid namespace are in it');
  try {
    writeFileSync(file, pid);
  } catch (error) {
    // It has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** One by one: a kernel may refuse one of them for what is in the cgroup, and what is missing is told where it is asked for. */
function enableControllers(cgroup: string): void {
  const available = readFileSync(`${cgroup}/cgroup.controllers`, 'utf8').trim().split(' ');
  for (const name of WANTED.filter((controller) => available.includes(controller))) {
    try {
      writeFileSync(`${cgroup}/cgroup.subtree_control`, `+${name}`);
    } catch {}
  }
}
