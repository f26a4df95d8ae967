import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { RktError } from '#errors';

/**
 * The system calls Node lacks, through its built-in `node:ffi`.
 *
 * This file alone knows how a C function is called; a second back end would replace only it.
 * The C library is opened on the first call, so that programs which need none of it do not pay.
 */

/** A path as text, or as the raw bytes of a name that is not UTF-8. */
export type PathLike = string | Buffer;

type CType = 'i32' | 'u32' | 'i64' | 'u64' | 'pointer';
interface Signature {
  readonly return: CType;
  readonly arguments: readonly CType[];
}

const signatures = {
  __errno_location: { return: 'pointer', arguments: [] },
  chroot: { return: 'i32', arguments: ['pointer'] },
  fcntl: { return: 'i32', arguments: ['i32', 'i32', 'i64'] },
  flock: { return: 'i32', arguments: ['i32', 'i32'] },
  getsockname: { return: 'i32', arguments: ['i32', 'pointer', 'pointer'] },
  getsockopt: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'] },
  ioctl: { return: 'i32', arguments: ['i32', 'u64', 'pointer'] },
  isatty: { return: 'i32', arguments: ['i32'] },
  lgetxattr: { return: 'i64', arguments: ['pointer', 'pointer', 'pointer', 'u64'] },
  llistxattr: { return: 'i64', arguments: ['pointer', 'pointer', 'u64'] },
  lremovexattr: { return: 'i32', arguments: ['pointer', 'pointer'] },
  lsetxattr: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'u64', 'i32'] },
  mknod: { return: 'i32', arguments: ['pointer', 'u32', 'u64'] },
  mount: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'u64', 'pointer'] },
  pipe2: { return: 'i32', arguments: ['pointer', 'i32'] },
  mount_setattr: { return: 'i32', arguments: ['i32', 'pointer', 'u32', 'pointer', 'u64'] },
  move_mount: { return: 'i32', arguments: ['i32', 'pointer', 'i32', 'pointer', 'u32'] },
  open_tree: { return: 'i32', arguments: ['i32', 'pointer', 'u32'] },
  prctl: { return: 'i32', arguments: ['i32', 'u64', 'u64', 'u64', 'u64'] },
  recvmsg: { return: 'i64', arguments: ['i32', 'pointer', 'i32'] },
  sendmsg: { return: 'i64', arguments: ['i32', 'pointer', 'i32'] },
  setns: { return: 'i32', arguments: ['i32', 'i32'] },
  setrlimit: { return: 'i32', arguments: ['i32', 'pointer'] },
  signal: { return: 'i64', arguments: ['i32', 'i64'] },
  sigprocmask: { return: 'i32', arguments: ['i32', 'pointer', 'pointer'] },
  socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  socketpair: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'pointer'] },
  syncfs: { return: 'i32', arguments: ['i32'] },
  umount2: { return: 'i32', arguments: ['pointer', 'i32'] },
  unshare: { return: 'i32', arguments: ['i32'] },
  utimensat: { return: 'i32', arguments: ['i32', 'pointer', 'pointer', 'i32'] },
} as const satisfies Record<string, Signature>;

type FunctionName = Exclude<keyof typeof signatures, '__errno_location'>;
type Argument = number | bigint | string | Buffer | null;
type CFunction = (...values: Argument[]) => number | bigint;

interface Binding {
  call(name: FunctionName): CFunction;
  errno(): number;
  address(memory: Buffer): bigint;
}

let binding: Binding | undefined;

/** Each function is bound at its first call: binding one takes 0.1 to 0.3 ms, and a command needs few. */
function open(): Binding {
  const ffi = process.getBuiltinModule('node:ffi');
  const { lib, functions } = ffi.dlopen(null, { __errno_location: signatures.__errno_location });
  const location = functions.__errno_location() as bigint;
  const bound: Partial<Record<FunctionName, CFunction>> = {};
  return {
    call: (name) => (bound[name] ??= lib.getFunction(name, signatures[name]) as unknown as CFunction),
    errno: () => ffi.getInt32(location, 0),
    address: (memory) => ffi.getRawPointer(memory),
  };
}

/** A system call that failed. `code` is the errno's name (`'EBUSY'`), `errno` its positive number. */
export class SysError extends RktError<string> {
  override readonly name = 'SysError';
  readonly errno: number;

  constructor(syscall: string, errno: number, subject: string) {
    const what = subject === '' ? syscall : `${syscall} ${subject}`;
    super(getSystemErrorName(-errno), `${what}: ${getSystemErrorMessage(-errno)}`);
    this.errno = errno;
  }
}

/** Calls a C function and gives its result, -1 included; the errno with it. */
export function tryCall(name: FunctionName, ...values: Argument[]): { result: number; errno: number } {
  binding ??= open();
  const result = Number(binding.call(name)(...values));
  return { result, errno: result === -1 ? binding.errno() : 0 };
}

/**
 * Calls a C function that reports failure by -1.
 *
 * @throws {SysError} naming the call and the subject (a path, say)
 */
export function call(name: FunctionName, subject: PathLike, ...values: Argument[]): number {
  const { result, errno } = tryCall(name, ...values);
  if (result === -1) throw new SysError(name, errno, subject.toString());
  return result;
}

/** Where memory is, for structures that point to it; it must be an ArrayBuffer's own, not V8's to move. */
export function addressOf(memory: Buffer): bigint {
  binding ??= open();
  return binding.address(memory);
}

/** A path as the kernel wants it: bytes that end in NUL. */
export function cPath(path: PathLike): string | Buffer {
  return typeof path === 'string' ? path : Buffer.concat([path, Buffer.of(0)]);
}
