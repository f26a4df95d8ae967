import { call, cPath, type PathLike } from './linux.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** File types of mknod(2), the S_IF bits. */
export const S_IF = { FIFO: 0o010000, CHR: 0o020000, BLK: 0o060000, SOCK: 0o140000 } as const;

/** A device number from its two halves, as makedev(3) packs it. */
export function makeDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n);
}

/** mknod(2): a device, a FIFO or a socket; `mode` carries the S_IF bits. @throws {SysError} */
export function makeNode(path: PathLike, mode: number, device = 0n): void {
  call('mknod', path, cPath(path), mode, device);
}

/** Sets the modification time (and the access time alike) to the nanosecond, not following a link. */
export function setTimes(path: PathLike, seconds: bigint, nanoseconds: number): void {
  const times = Buffer.alloc(32);
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(seconds, offset);
    times.writeBigInt64LE(BigInt(nanoseconds), offset + 8);
  }
  call('utimensat', path, AT_FDCWD, cPath(path), times, AT_SYMLINK_NOFOLLOW);
}
