import { call, cPath, type PathLike, SysError, tryCall } from './linux.ts';

const ENODATA = 61;
const EOPNOTSUPP = 95;
const ERANGE = 34;

/** Reads an extended attribute, not following a link; undefined where there is none. Values are bytes. */
export function getXattr(path: PathLike, name: string): Buffer | undefined {
  for (let size = 256; ; size *= 4) {
    const value = Buffer.alloc(size);
    const { result, errno } = tryCall('lgetxattr', cPath(path), name, value, BigInt(size));
    if (result >= 0) return value.subarray(0, result);
    if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
    if (errno !== ERANGE) throw new SysError('lgetxattr', errno, `${path} ${name}`);
  }
}

/** Sets an extended attribute, not following a link. @throws {SysError} */
export function setXattr(path: PathLike, name: string, value: Buffer): void {
  call('lsetxattr', `${path} ${name}`, cPath(path), name, value, BigInt(value.length), 0);
}

/** The names of a file's extended attributes, in the file system's order. */
export function listXattrs(path: PathLike): string[] {
  for (let size = 1024; ; size *= 4) {
    const names = Buffer.alloc(size);
    const { result, errno } = tryCall('llistxattr', cPath(path), names, BigInt(size));
    if (result >= 0) return names.subarray(0, result).toString().split('\0').filter((name) => name !== '');
    if (errno === EOPNOTSUPP) return [];
    if (errno !== ERANGE) throw new SysError('llistxattr', errno, path.toString());
  }
}
