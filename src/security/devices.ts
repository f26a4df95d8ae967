/** One rule of the devices cgroup, as OCI's linux.resources.devices has it. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/** A device node every app finds in /dev. */
export interface DeviceNode {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

/** Character devices that give nobody power over anything (appc spec/ace.md, OS-spec Linux). */
export const standardDevices: readonly DeviceNode[] = [
  { path: '/dev/null', major: 1, minor: 3 },
  { path: '/dev/zero', major: 1, minor: 5 },
  { path: '/dev/full', major: 1, minor: 7 },
  { path: '/dev/random', major: 1, minor: 8 },
  { path: '/dev/urandom', major: 1, minor: 9 },
  { path: '/dev/tty', major: 5, minor: 0 },
];

const PTMX = { major: 5, minor: 2 };
/** Pseudo-terminals: any minor. */
const PTS_MAJOR = 136;

/**
 * Which devices an app may use: none but the standard ones, pseudo-terminals, and those of `volumes`
 * (device nodes that the user gave the app as volumes). `insecure`: all of them.
 */
export function deviceRules(insecure: boolean, volumes: readonly DeviceRule[] = []): DeviceRule[] {
  if (insecure) return [{ allow: true, access: 'rwm' }];
  return [
    { allow: false, access: 'rwm' },
    ...standardDevices.map(({ major, minor }) => allowed(major, minor)),
    { ...allowed(PTMX.major, PTMX.minor), access: 'rw' },
    { allow: true, type: 'c', major: PTS_MAJOR, access: 'rw' },
    ...volumes,
  ];
}

function allowed(major: number, minor: number): DeviceRule {
  return { allow: true, type: 'c', major, minor, access: 'rwm' };
}
