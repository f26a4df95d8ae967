import { tryCall } from './linux.ts';

/** linux/fsverity.h */
const FS_IOC_ENABLE_VERITY = 0x40806685n;
const FS_IOC_MEASURE_VERITY = 0xc0046686n;
const SHA256 = 1;
const BLOCK_SIZE = 4096;
const ARGUMENT_SIZE = 128;
const LONGEST_DIGEST = 64;

const EEXIST = 17;

/**
 * Has the kernel check each read of a file from now on (fs-verity). Its content cannot be changed any more; it can be
 * removed.
 *
 * @param fd open for reading; nobody may have the file open for writing
 * @returns false where the file system, the kernel or its owner does not want it
 */
export function enableVerity(fd: number): boolean {
  const argument = Buffer.alloc(ARGUMENT_SIZE);
  argument.writeUInt32LE(1, 0);
  argument.writeUInt32LE(SHA256, 4);
  argument.writeUInt32LE(BLOCK_SIZE, 8);
  const { errno, result } = tryCall('ioctl', fd, FS_IOC_ENABLE_VERITY, argument);
  return result === 0 || errno === EEXIST;
}

/** The digest that the kernel checks reads of a file by, its algorithm first; undefined where it checks none. */
export function measureVerity(fd: number): Buffer | undefined {
  const digest = Buffer.alloc(4 + LONGEST_DIGEST);
  digest.writeUInt16LE(LONGEST_DIGEST, 2);
  const { result } = tryCall('ioctl', fd, FS_IOC_MEASURE_VERITY, digest);
  return result === 0 ? digest.subarray(0, 4 + digest.readUInt16LE(2)) : undefined;
}
