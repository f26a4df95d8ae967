import { type Confinement, lookupUser, SHARED_LIBRARIES } from '#sys';

/** How this program is started again, for work on what comes from outside. */
export interface Self {
  readonly path: string;
  /** Arguments before the hidden one. */
  readonly args: readonly string[];
  /** The launcher that confines it. */
  readonly confine: string;
  /** Files and directories that the program reads of itself. */
  readonly files: readonly string[];
}

const USER = 'rkt';
/** Where the machine has no user `rkt`: a process like this has nothing that another of this user could want. */
const NOBODY = { uid: 65534, gid: 65534 };

/** What the OpenSSL in Node insists on where it is there. */
const RUNTIME_FILES = ['/etc/ssl/openssl.cnf', '/etc/pki/tls/openssl.cnf', '/etc/crypto-policies'];

/** What V8 needs to be at ease, and far less than a machine has. */
const DATA_LIMIT = 2 ** 30;

/**
 * The confinement of a process that reads what comes from outside, without any privilege: root makes it user `rkt`
 * in a root directory of its own. Others can but leave it their own user, behind Landlock.
 */
export function planConfinement(
  self: Self,
  needs: Partial<Pick<Confinement, 'network' | 'fork' | 'readOnly' | 'writable' | 'fileLimit'>>,
): Confinement {
  const root = isRoot();
  return {
    ...(root ? { user: lookupUser(USER) ?? NOBODY } : {}),
    ownRoot: root,
    network: false,
    fork: false,
    dataLimit: DATA_LIMIT,
    ...needs,
    readOnly: [...SHARED_LIBRARIES, ...RUNTIME_FILES, self.path, ...self.files, ...(needs.readOnly ?? [])],
  };
}

/** As {@link planConfinement}, of a process that gives files their owners: uid 0, with only what that takes. */
export function planUnpackerConfinement(self: Self, root: string, fileLimit: number): Confinement {
  const plan = planConfinement(self, { writable: [root], fileLimit });
  if (!isRoot()) return plan;
  return {
    ...plan,
    user: { uid: 0, gid: 0 },
    capabilities: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'],
  };
}

/** As {@link planConfinement}, of a process that reads the files of one tree, whoever they belong to. */
export function planPackerConfinement(self: Self, root: string): Confinement {
  const plan = planConfinement(self, { readOnly: [root] });
  return isRoot() ? { ...plan, capabilities: ['DAC_READ_SEARCH'] } : plan;
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
