import type { IsolatorValue } from '#appc';
import { SecurityError } from './errors.ts';
import { errnoNumber } from './errno.ts';
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
 * (appc spec/ace.md). `insecure` (--insecure-options=seccomp): no filter.
 *
 * @throws {SecurityError} for two isolators, or an errno Linux does not have
 */
export function planSeccomp(
  isolators: readonly IsolatorValue[],
  insecure: boolean,
  machine: NodeJS.Architecture = process.arch,
): SeccompFilter | undefined {
  if (insecure) return undefined;
  const isolator = onlySeccompIsolator(isolators);
  const architectures = ARCHITECTURES[machine] ?? [];
  if (isolator === undefined) return defaultFilter(architectures);
  if (isolator.kind === 'seccomp-retain') {
    if (isolator.set.includes('@appc.io/all')) return undefined;
    return { ...refusal(isolator.errno, 'default'), architectures, syscalls: allow(retained(isolator.set), isolator.set) };
  }
  if (isolator.set.includes('@appc.io/empty')) return defaultFilter(architectures);
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

function defaultFilter(architectures: readonly string[]): SeccompFilter {
  const syscalls = allow(syscallGroups['@rkt/default-whitelist']!, []);
  return { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: EPERM, architectures, syscalls };
}

function retained(set: readonly string[]): string[] {
  return [...new Set([...baselineSyscalls, ...expand(set)])];
}

function expand(set: readonly string[]): string[] {
  return [...new Set(set.flatMap((item) => (item.startsWith('@') ? (syscallGroups[item] ?? []) : [item])))];
}

/**
 * Allows calls, three of them in part: clone(2) may make no namespace, clone3(2), whose flags no filter can
 * read, looks as if the kernel had none, so that the C library uses clone, and personality(2) is held to
 * the plain domains. A call in `asked`, which the isolator names itself, is allowed as a whole.
 */
function allow(names: readonly string[], asked: readonly string[]): SeccompRule[] {
  const inPart = ['clone', 'clone3', 'personality'].filter((name) => names.includes(name) && !asked.includes(name));
  const whole = names.filter((name) => !inPart.includes(name));
  const rules: SeccompRule[] = [{ names: whole, action: 'SCMP_ACT_ALLOW' }];
  if (inPart.includes('clone')) {
    rules.push({
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: process.arch === 's390x' ? 1 : 0, value: CLONE_NEW, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    });
  }
  if (inPart.includes('clone3')) {
    rules.push({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS });
  }
  if (inPart.includes('personality')) {
    for (const value of PERSONALITIES) {
      const args = [{ index: 0, value, op: 'SCMP_CMP_EQ' }];
      rules.push({ names: ['personality'], action: 'SCMP_ACT_ALLOW', args });
    }
  }
  return rules;
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
