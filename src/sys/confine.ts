/** Bits of capability sets (capabilities(7)). */
const CAPABILITY_BITS = { CHOWN: 0, DAC_OVERRIDE: 1, DAC_READ_SEARCH: 2, FOWNER: 3, FSETID: 4, MKNOD: 27, SETFCAP: 31 } as const;

export type Capability = keyof typeof CAPABILITY_BITS;

/** What a program may do at most, it and all its threads and children. Everything not named is refused. */
export interface Confinement {
  /** Whom it runs as; as the caller where it is absent, which is all that a caller without root can do. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** None where it is absent. */
  readonly capabilities?: readonly Capability[];
  /** Whether it sees only the paths below, in a root directory of its own; needs root. */
  readonly ownRoot: boolean;
  /** Files and directories to read and execute. Those that do not exist are left out. */
  readonly readOnly: readonly string[];
  readonly writable?: readonly string[];
  /** TCP and UDP clients; no servers. */
  readonly network: boolean;
  /** Whether it may start programs. */
  readonly fork: boolean;
  /** Bytes of the biggest file. */
  readonly fileLimit?: number;
  /** Bytes of memory. */
  readonly dataLimit?: number;
}

/** What every dynamically linked program reads. */
export const SHARED_LIBRARIES: readonly string[] = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/etc/ld.so.cache'];

/**
 * The command line that starts a program confined, by the launcher `confine` (native/confine).
 *
 * A process has many threads in Node, and all of these limits are a thread's own: they must be there before it starts.
 */
export function confinedArguments(confinement: Confinement, program: string, args: readonly string[]): string[] {
  const { user, capabilities = [], ownRoot, readOnly, writable = [], network, fork } = confinement;
  return [
    ...(user === undefined ? [] : [`--uid=${user.uid}`, `--gid=${user.gid}`]),
    ...(capabilities.length === 0 ? [] : [`--capabilities=${capabilityMask(capabilities)}`]),
    ...(ownRoot ? ['--root'] : []),
    ...(network ? ['--network'] : []),
    ...(fork ? ['--fork'] : []),
    ...limit('--file-limit', confinement.fileLimit),
    ...limit('--data-limit', confinement.dataLimit),
    ...readOnly.map((path) => `--ro=${path}`),
    ...writable.map((path) => `--rw=${path}`),
    '--',
    program,
    ...args,
  ];
}

function capabilityMask(capabilities: readonly Capability[]): string {
  return `0x${capabilities.reduce((mask, name) => mask | (1n << BigInt(CAPABILITY_BITS[name])), 0n).toString(16)}`;
}

function limit(option: string, bytes: number | undefined): string[] {
  return bytes === undefined ? [] : [`${option}=${bytes}`];
}
