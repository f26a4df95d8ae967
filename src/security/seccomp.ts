import type { IsolatorValue } from '#appc';
import { SecurityError } from './errors.ts';
import { errnoNumber } from './errno.ts';
import { standardDevices } from './devices.ts';
import { baselineSyscalls, syscallGroups } from './syscall-groups.ts';

type SeccompAction = 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO' | 'SCMP_ACT_KILL_PROCESS';

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  readonly args?: readonly { index: number; value: number; valueTwo?: number; op: string }[];
}

/** OCI's linux.seccomp. */
export interface SeccompFilter {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

type SeccompIsolator = Extract<IsolatorValue, { kind: 'seccomp-retain' | 'seccomp-remove' }>;

const EPERM = 1;
const ENOSYS = 38;
/** CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}. */
const CLONE_NEW = 0x7e020000;
/** The execution domains of plain programs: Linux, 32-bit on 64-bit, each without address randomization; and the question. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Sockets between a virtual machine and its host, which the network namespace of an app does not keep from it. */
const AF_VSOCK = 40;

const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;
/** Not given, regular, FIFO, socket. */
const PLAIN_NODES = [0, 0o100000, 0o010000, 0o140000];

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, readonly string[]>>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  ppc64: ['SCMP_ARCH_PPC64LE'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
  riscv64: ['SCMP_ARCH_RISCV64'],
};

/**
 * The filter of an app's system calls; undefined: none.
 *
 * - nothing said, or `remove @appc.io/empty`: the default whitelist; other calls fail with EPERM
 * - `retain SET`: only SET and what every program needs; `retain @appc.io/all`: no filter
 * - `remove SET`: everything but SET
 *
 * Where an isolator is given, a refused call fails with its errno, or ends the app if it names none
 * (appc spec/ace.md). `insecure` (--insecure-options=seccomp): no filter. Only with `anyDevice` do the sets
 * let an app make other device nodes than the standard ones.
 *
 * @throws {SecurityError} for two isolators, or an errno Linux does not have
 */
export function planSeccomp(
  isolators: readonly IsolatorValue[],
  insecure: boolean,
  anyDevice = false,
): SeccompFilter | undefined {
  if (insecure) return undefined;
  const isolator = onlySeccompIsolator(isolators);
  const architectures = ARCHITECTURES[process.arch] ?? [];
  if (isolator === undefined) return defaultFilter(architectures, anyDevice);
  if (isolator.kind === 'seccomp-retain') {
    if (isolator.set.includes('@appc.io/all')) return undefined;
    return { ...refusal(isolator.errno, 'default'), architectures, syscalls: allow(retained(isolator.set), isolator.set, anyDevice) };
  }
  if (isolator.set.includes('@appc.io/empty')) return defaultFilter(architectures, anyDevice);
  const names = expand(isolator.set);
  const syscalls = names.length === 0 ? [] : [{ names, ...refusal(isolator.errno, 'rule') }];
  return { defaultAction: 'SCMP_ACT_ALLOW', architectures, syscalls };
}

function onlySeccompIsolator(isolators: readonly IsolatorValue[]): SeccompIsolator | undefined {
  const found = isolators.filter(
    (isolator): isolator is SeccompIsolator => isolator.kind === 'seccomp-retain' || isolator.kind === 'seccomp-remove',
  );
  if (found.length > 1) throw new SecurityError('seccomp-conflict', 'too many seccomp isolators specified');
  return found[0];
}

function defaultFilter(architectures: readonly string[], anyDevice: boolean): SeccompFilter {
  const syscalls = allow(syscallGroups['@rkt/default-whitelist']!, [], anyDevice);
  return { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: EPERM, architectures, syscalls };
}

function retained(set: readonly string[]): string[] {
  return [...new Set([...baselineSyscalls, ...expand(set)])];
}

function expand(set: readonly string[]): string[] {
  return [...new Set(set.flatMap((item) => (item.startsWith('@') ? (syscallGroups[item] ?? []) : [item])))];
}

/**
 * Allows calls, some of them in part. A call in `asked`, which the isolator names itself, is allowed whole.
 */
function allow(names: readonly string[], asked: readonly string[], anyDevice: boolean): SeccompRule[] {
  const partial = Object.keys(PARTIAL).filter((name) => names.includes(name) && !asked.includes(name));
  const inPart = anyDevice ? partial.filter((name) => !name.startsWith('mknod')) : partial;
  const whole = names.filter((name) => !inPart.includes(name));
  return [{ names: whole, action: 'SCMP_ACT_ALLOW' }, ...inPart.flatMap((name) => PARTIAL[name]!)];
}

function allowIf(name: string, ...args: NonNullable<SeccompRule['args']>[number][]): SeccompRule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args };
}

/**
 * clone(2) may make no namespace; clone3(2), whose flags no filter can read, looks as if the kernel had
 * none, so that the C library uses clone; personality(2) is held to the plain domains; mknod(2) makes
 * files, FIFOs, sockets and the standard devices; socket(2) of any family but one. That the arguments of socketcall(2) of
 * 32-bit programs cannot be read is left to AppArmor and SELinux.
 */
const PARTIAL: Readonly<Record<string, readonly SeccompRule[]>> = {
  clone: [
    allowIf('clone', { index: process.arch === 's390x' ? 1 : 0, value: CLONE_NEW, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
  ],
  clone3: [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS }],
  personality: PERSONALITIES.map((value) => allowIf('personality', { index: 0, value, op: 'SCMP_CMP_EQ' })),
  socket: [allowIf('socket', { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' })],
  mknod: allowNodes('mknod', 1),
  mknodat: allowNodes('mknodat', 2),
};

/** `mode`: which argument says what kind of node it is; the next one is the device. */
function allowNodes(name: string, mode: number): SeccompRule[] {
  const ofKind = (kind: number) => ({ index: mode, value: S_IFMT, valueTwo: kind, op: 'SCMP_CMP_MASKED_EQ' });
  return [
    ...PLAIN_NODES.map((kind) => allowIf(name, ofKind(kind))),
    ...standardDevices.map(({ major, minor }) =>
      allowIf(name, ofKind(S_IFCHR), { index: mode + 1, value: major * 256 + minor, op: 'SCMP_CMP_EQ' }),
    ),
  ];
}

function refusal(errno: string | undefined, place: 'default'): Pick<SeccompFilter, 'defaultAction' | 'defaultErrnoRet'>;
function refusal(errno: string | undefined, place: 'rule'): Pick<SeccompRule, 'action' | 'errnoRet'>;
function refusal(errno: string | undefined, place: 'default' | 'rule'): object {
  const action: SeccompAction = errno ? 'SCMP_ACT_ERRNO' : 'SCMP_ACT_KILL_PROCESS';
  const number = errno ? errnoNumber(errno) : undefined;
  if (errno && number === undefined) {
    throw new SecurityError('unknown-errno', `seccomp isolator: no such error number: "${errno}"`);
  }
  const value = number === undefined ? {} : { [place === 'default' ? 'defaultErrnoRet' : 'errnoRet']: number };
  return { [place === 'default' ? 'defaultAction' : 'action']: action, ...value };
}
