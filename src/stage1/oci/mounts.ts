import type { AppMount } from '#stage1/apps';
import type { OciMount } from './config-types.ts';

/** A file of the pod that an app sees at `target`. */
export interface PodFile {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** It was asked for, and is seen in the place of a volume that is to be mounted right there. */
  readonly beforeVolumes?: boolean;
}

export interface MountInput {
  /** The runtime makes a pseudo-terminal /dev/console. */
  readonly terminal: boolean;
  /** What all apps of the pod have as /dev/shm: a directory on the host. */
  readonly shm: string;
  /** The host's, for an app whose users cannot mount them: they are of a namespace that it shares with the host. */
  readonly sys?: string | undefined;
  readonly mqueue?: string | undefined;
  /** There are no message queues that could be had. */
  readonly withoutMqueue?: boolean;
  readonly files: readonly PodFile[];
  readonly volumes: readonly AppMount[];
}

const KERNEL: readonly OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
];

/**
 * Every app has a /dev/console (appc spec/OS-SPEC.md). Without a terminal it is one that swallows what is written: that
 * of the host must be no app's.
 */
const CONSOLE: OciMount = { destination: '/dev/console', type: 'bind', source: '/dev/null', options: ['bind', 'nosuid', 'noexec'] };

/**
 * The kernel's file systems, then the pod's files, then volumes: a volume may cover any of them but those that go
 * before it. One that is to be seen inside another is mounted after it.
 */
export function planMounts(input: MountInput): OciMount[] {
  const shm: OciMount = {
    destination: '/dev/shm',
    type: 'bind',
    source: input.shm,
    options: ['bind', 'nosuid', 'noexec', 'nodev'],
  };
  const taken = new Set(input.files.flatMap(({ target, beforeVolumes }) => (beforeVolumes === true ? [target] : [])));
  const volumes = input.volumes.filter(({ target }) => !taken.has(target)).sort((a, b) => depthOf(a) - depthOf(b));
  return [...planKernel(input), shm, ...(input.terminal ? [] : [CONSOLE]), ...input.files.map(planFile), ...volumes.map(planVolume)];
}

function planKernel({ sys, mqueue, withoutMqueue }: MountInput): OciMount[] {
  const bound: Readonly<Record<string, string | undefined>> = { '/sys': sys, '/dev/mqueue': mqueue };
  const kernels = withoutMqueue === true ? KERNEL.filter(({ type }) => type !== 'mqueue') : KERNEL;
  return kernels.map((kernel) => {
    const source = bound[kernel.destination];
    return source === undefined ? kernel : { ...kernel, type: 'bind', source, options: ['bind', ...kernel.options] };
  });
}

function depthOf({ target }: AppMount): number {
  return target.split('/').length;
}

function planFile({ source, target, readOnly }: PodFile): OciMount {
  return { destination: target, type: 'bind', source, options: ['bind', readOnly ? 'ro' : 'rw', 'nosuid', 'nodev', 'noexec'] };
}

/** `private`: nothing an app mounts reaches the host; a recursive bind carries what is there at the start. */
function planVolume({ source, target, readOnly, recursive }: AppMount): OciMount {
  const options = [recursive ? 'rbind' : 'bind', readOnly ? (recursive ? 'rro' : 'ro') : 'rw', recursive ? 'rprivate' : 'private'];
  return { destination: target, type: 'bind', source, options };
}
