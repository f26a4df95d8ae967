import { call } from './linux.ts';

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_SETFL = 4;

/** Two ends of a pipe, close-on-exec. Writing never waits: it fails with EAGAIN where 64 KiB wait to be read. */
export function openPipe(): { readonly readFd: number; readonly writeFd: number } {
  const ends = Buffer.alloc(8);
  call('pipe2', '', ends, O_CLOEXEC);
  const [readFd, writeFd] = [ends.readInt32LE(0), ends.readInt32LE(4)];
  call('fcntl', `descriptor ${writeFd}`, writeFd, F_SETFL, BigInt(O_NONBLOCK));
  return { readFd, writeFd };
}
