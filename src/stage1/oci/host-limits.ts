import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseCapabilityMask } from '#security';
import { isRootless, isSelinuxActive, isSelinuxContext, listDirectory, readTextIfExists, unlessMissing } from '#sys';

/** Of packaging/apparmor.d. */
const DEFAULT_PROFILE = 'rkt-default';
/** A directory for each profile that is loaded, `NAME.NUMBER`; other than the list of them, users may read it. */
const PROFILES = '/sys/kernel/security/apparmor/policy/profiles';

/** What the host can enforce. */
export interface HostAbilities {
  /** By their names in cgroup v2. */
  readonly controllers: ReadonlySet<string>;
  readonly selinux: boolean;
  /** The SELinux policy has it. */
  readonly hasContext: (context: string) => boolean;
  /** The profiles that are loaded; undefined where AppArmor is not active. */
  readonly apparmor: ReadonlySet<string> | undefined;
  /** What rkt may hand on: its own bounding set. */
  readonly capabilities: readonly string[];
  /** The pod has the network of the host, in which nothing tells it apart. */
  readonly hasHostNetwork: boolean;
}

interface PodCgroup {
  /** Of the pod, where it has one. */
  readonly cgroup: string | undefined;
}

/** Only what an isolator asks for is read. */
export function hostAbilities({ cgroup, ...given }: Pick<HostAbilities, 'capabilities' | 'hasHostNetwork'> & PodCgroup): HostAbilities {
  return {
    ...given,
    get controllers() {
      return isRootless() ? controllersOf(cgroup) : availableControllers();
    },
    get selinux() {
      return isSelinuxActive();
    },
    hasContext: isSelinuxContext,
    get apparmor() {
      return apparmorProfiles();
    },
  };
}

/** Without root only those that the pod's cgroup, of version 2, was made with. */
function controllersOf(cgroup: string | undefined): ReadonlySet<string> {
  const text = cgroup === undefined ? '' : readTextIfExists(`/sys/fs/cgroup/${cgroup}/cgroup.controllers`) ?? '';
  return new Set(text.trim().split(' ').filter((name) => name !== ''));
}

/** v1 controllers by the lines of /proc/self/cgroup, v2 ones by the root's file (cgroups(7)). */
function availableControllers(): ReadonlySet<string> {
  const v1 = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(':')[1]?.split(',') ?? []);
  const v2 = readTextIfExists('/sys/fs/cgroup/cgroup.controllers')?.trim().split(' ') ?? [];
  return new Set([...v1, ...v2].map((name) => (name === 'blkio' ? 'io' : name)));
}

/** Lines as `NAME (enforce)`, for root alone; users see a directory of them, without profiles inside others. */
function apparmorProfiles(): ReadonlySet<string> | undefined {
  if (readTextIfExists('/sys/module/apparmor/parameters/enabled')?.trim() !== 'Y') return undefined;
  if (isRootless()) return new Set(listDirectory(PROFILES).map((name) => readFileSync(`${PROFILES}/${name}/name`, 'utf8').trim()));
  const text = readTextIfExists('/sys/kernel/security/apparmor/profiles') ?? '';
  return new Set(text.split('\n').map((line) => line.replace(/ \([a-z]+\)$/, '')));
}

/** The profile that every app gets, if it is loaded. A host without AppArmor has no such directory. */
export function defaultApparmorProfile(): string | undefined {
  if (!existsSync(PROFILES)) return undefined;
  const isLoaded = readdirSync(PROFILES).some((name) => name.replace(/\.\d+$/, '') === DEFAULT_PROFILE);
  return isLoaded ? DEFAULT_PROFILE : undefined;
}

/** What this process may hand on: its own bounding set. */
export function ownCapabilities(): string[] {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return parseCapabilityMask(hex ?? '0');
}

export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}

/** The disks of the host; not their parts, for which the kernel takes no limit. */
export function readBlockDevices(): BlockDevice[] {
  return readdirSync('/sys/block').flatMap((name) => {
    const numbers = unlessMissing(() => readFileSync(`/sys/block/${name}/dev`, 'utf8'))?.trim().split(':').map(Number);
    const isEmpty = readTextIfExists(`/sys/block/${name}/size`)?.trim() === '0';
    const [major, minor] = numbers ?? [];
    return major === undefined || minor === undefined || isEmpty ? [] : [{ major, minor }];
  });
}
