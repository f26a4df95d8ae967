import { openSync, readFileSync, writeSync } from 'node:fs';
import { messageOf } from '#errors';
import { becomeProcess, confinedArguments, mountOverlay, unshareMounts, writeWhole } from '#sys';
import { planPackerConfinement } from '../confinement.ts';
import { ARCHIVE_COMMAND, type ArchiveRequest, type PackRequest } from './protocol.ts';
import { readTrustedXattrs, toWireXattrs } from './trusted-xattrs.ts';

const STDIN = 0;
const STDERR = 2;
/** A file without a name (open(2), O_TMPFILE with O_RDWR). */
const NAMELESS = 0o20200002;

/**
 * The packing process. Its mounts are its own and go with it, however it ends.
 *
 * What takes root is done here: the files are laid over each other, and attributes are looked up that nobody else
 * sees. Then it becomes one that may read this one tree and nothing else, and that makes the archive.
 *
 * Its request, a `PackRequest` as JSON, comes on standard input.
 *
 * @returns the exit status where that fails; why is on standard error
 */
export function packerMain(): number {
  try {
    return becomeArchiver(JSON.parse(readFileSync(STDIN, 'utf8')) as PackRequest);
  } catch (error) {
    writeSync(STDERR, messageOf(error));
    return 1;
  }
}

function becomeArchiver({ directories, scratch, self, ...archived }: PackRequest): never {
  // Before the scratch directory is covered.
  const requestFd = openSync(scratch, NAMELESS, 0o600);
  const root = archived.kind === 'layer' ? directories[0]! : scratch;
  if (archived.kind === 'image') {
    unshareMounts();
    mountOverlay({ target: scratch, lowerDirs: directories });
  }
  const request: ArchiveRequest = { ...archived, root, trusted: toWireXattrs(readTrustedXattrs(root)) };
  // The descriptor stays at its beginning, for who reads it.
  writeWhole(requestFd, Buffer.from(JSON.stringify(request)), 0);
  const args = confinedArguments(planPackerConfinement(self, root), self.path, [...self.args, ARCHIVE_COMMAND, String(requestFd)]);
  return becomeProcess({ path: self.confine, argv: [self.confine, ...args], env: { PATH: '/usr/bin:/bin' }, keepFds: [requestFd] });
}
