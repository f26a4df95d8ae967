import { quoted } from '#errors';
import { booleanOf, type Decode, integerOf, listOf, mapOf, objectOf, optional, required, stringOf, wrong } from './decode.ts';
import { parseAcIdentifier } from './name.ts';
import { parseQuantity } from './quantity.ts';
import type { App, Isolator } from './types.ts';

/** An isolator as the spec means it: ace.md, isolators. Sets hold names as written, `@…` groups included. */
export type IsolatorValue =
  | { readonly kind: 'memory'; readonly limitBytes: number; readonly requestBytes?: number }
  | { readonly kind: 'cpu'; readonly limitMilli: number; readonly requestMilli?: number }
  | { readonly kind: 'cpu-shares'; readonly shares: number }
  | { readonly kind: 'oom-score-adj'; readonly value: number }
  | { readonly kind: 'caps-retain' | 'caps-remove'; readonly set: readonly string[] }
  | { readonly kind: 'seccomp-retain' | 'seccomp-remove'; readonly set: readonly string[]; readonly errno?: string }
  | { readonly kind: 'no-new-privileges'; readonly value: boolean }
  | SelinuxContext
  | { readonly kind: 'apparmor-profile'; readonly profile: string }
  | { readonly kind: 'sysctl'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'block-bandwidth' | 'block-iops' | 'network-bandwidth'; readonly limit: number }
  | { readonly kind: 'unknown'; readonly name: string };

export interface SelinuxContext {
  readonly kind: 'selinux-context';
  readonly user: string;
  readonly role: string;
  readonly type: string;
  readonly level: string;
}

export type IsolatorKind = IsolatorValue['kind'];

interface Rule {
  readonly read: Decode<IsolatorValue>;
  /** Of a kind that may occur more than once, the last one counts. */
  readonly multiple: boolean;
  readonly conflict?: string;
}

const CPU_SHARES: Rule = {
  multiple: false,
  read: (value) => ({ kind: 'cpu-shares', shares: between('os/linux/cpu-shares', 2, 262144)(value) }),
};

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['resource/memory', { multiple: true, read: readMemory }],
  ['resource/cpu', { multiple: true, read: readCpu }],
  ['resource/cpu-shares', CPU_SHARES],
  ['os/linux/cpu-shares', CPU_SHARES],
  ['resource/block-bandwidth', { multiple: true, read: (value) => readRate('block-bandwidth', value) }],
  ['resource/block-iops', { multiple: true, read: (value) => readRate('block-iops', value) }],
  ['resource/network-bandwidth', { multiple: true, read: (value) => readRate('network-bandwidth', value) }],
  ['os/linux/oom-score-adj', {
    multiple: false,
    read: (value) => ({ kind: 'oom-score-adj', value: between('os/linux/oom-score-adj', -1000, 1000)(value) }),
  }],
  ['os/linux/capabilities-retain-set', { multiple: true, read: (value) => ({ kind: 'caps-retain', set: readSet(value) }) }],
  ['os/linux/capabilities-remove-set', { multiple: true, read: (value) => ({ kind: 'caps-remove', set: readSet(value) }) }],
  ['os/linux/seccomp-retain-set', {
    multiple: false,
    conflict: 'os/linux/seccomp-remove-set',
    read: (value) => ({ kind: 'seccomp-retain', ...readSeccomp(value) }),
  }],
  ['os/linux/seccomp-remove-set', {
    multiple: false,
    conflict: 'os/linux/seccomp-retain-set',
    read: (value) => ({ kind: 'seccomp-remove', ...readSeccomp(value) }),
  }],
  ['os/linux/no-new-privileges', { multiple: true, read: (value) => ({ kind: 'no-new-privileges', value: booleanOf(value) }) }],
  ['os/linux/selinux-context', { multiple: false, read: readSelinuxContext }],
  ['os/linux/apparmor-profile', { multiple: false, read: readApparmorProfile }],
  ['os/unix/sysctl', { multiple: false, read: (value) => ({ kind: 'sysctl', values: mapOf(value) }) }],
]);

/** The value; `unknown` for a name outside the specification, which an executor may ignore if it says so. */
export function readIsolator({ name, value }: Isolator): IsolatorValue {
  return RULES.get(name)?.read(value) ?? { kind: 'unknown', name };
}

/** Every isolator of an app, in the order written. Cannot throw for an app out of a parsed manifest. */
export function isolatorsOf(app: Pick<App, 'isolators'>): IsolatorValue[] {
  return (app.isolators ?? []).map(readIsolator);
}

/** The one that counts: the last of its kind. */
export function isolatorOf<K extends IsolatorKind>(
  app: Pick<App, 'isolators'>,
  kind: K,
): Extract<IsolatorValue, { kind: K }> | undefined {
  return isolatorsOf(app).findLast((value): value is Extract<IsolatorValue, { kind: K }> => value.kind === kind);
}

export const decodeIsolator: Decode<Isolator> = (value) => {
  const object = objectOf(value);
  const name = required(object, 'name', (text) => parseAcIdentifier(stringOf(text)));
  const rule = RULES.get(name);
  if (rule !== undefined) required(object, 'value', rule.read);
  return { name, value: object['value'] ?? null };
};

export const decodeIsolators: Decode<readonly Isolator[]> = (value) => {
  const isolators = listOf(decodeIsolator)(value);
  checkIsolators(isolators);
  return isolators;
};

/** Throws when one stands there twice that may not, or two exclude each other. */
export function checkIsolators(isolators: readonly Isolator[]): void {
  const seen = new Set<string>();
  for (const { name } of isolators) {
    const rule = RULES.get(name);
    if (seen.has(name) && rule?.multiple === false) wrong(`isolators set contains too many instances of type ${name}`);
    if (rule?.conflict !== undefined && seen.has(rule.conflict)) {
      wrong(`isolators set contains incompatible types: ${name} and ${rule.conflict}`);
    }
    seen.add(name);
  }
}

function between(name: string, minimum: number, maximum: number): Decode<number> {
  const integer = integerOf(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return (value) => {
    const number = integer(value);
    if (number >= minimum && number <= maximum) return number;
    return wrong(`${name} must be between ${minimum} and ${maximum}, got ${number}`);
  };
}

interface ResourceValue {
  readonly isDefault: boolean;
  readonly request: string | undefined;
  readonly limit: string;
}

function readResource(value: unknown): ResourceValue {
  const object = objectOf(value);
  return {
    isDefault: optional(object, 'default', booleanOf) ?? false,
    request: optional(object, 'request', quantityText),
    limit: required(object, 'limit', quantityText),
  };
}

/** Go also takes a quantity written as a JSON number. */
function quantityText(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : stringOf(value).trim();
  return parseQuantity(text) < 0 ? wrong('must not be negative') : text;
}

function readMemory(value: unknown): IsolatorValue {
  const { isDefault, request, limit } = readResource(value);
  if (isDefault) wrong('default must be false');
  const limitBytes = parseQuantity(limit);
  return request === undefined
    ? { kind: 'memory', limitBytes }
    : { kind: 'memory', limitBytes, requestBytes: parseQuantity(request) };
}

function readCpu(value: unknown): IsolatorValue {
  const { isDefault, request, limit } = readResource(value);
  if (isDefault) wrong('default must be false');
  const limitMilli = parseQuantity(limit, 'milli');
  return request === undefined
    ? { kind: 'cpu', limitMilli }
    : { kind: 'cpu', limitMilli, requestMilli: parseQuantity(request, 'milli') };
}

function readRate(kind: 'block-bandwidth' | 'block-iops' | 'network-bandwidth', value: unknown): IsolatorValue {
  const { isDefault, request, limit } = readResource(value);
  if (!isDefault) wrong('default must be true');
  if (request !== undefined) wrong('request not supported by this resource, must be empty');
  return { kind, limit: parseQuantity(limit) };
}

function readSet(value: unknown): readonly string[] {
  const set = required(objectOf(value), 'set', listOf(stringOf));
  return set.length === 0 ? wrong('set must be non-empty') : set;
}

function readSeccomp(value: unknown): { set: readonly string[]; errno?: string } {
  const set = readSet(value);
  const errno = optional(objectOf(value), 'errno', stringOf) ?? '';
  if (errno === '') return { set };
  if (!errno.startsWith('E')) wrong(`errno must start with an 'E' character, got ${quoted(errno)}`);
  if (!/^[A-Z0-9]+$/.test(errno)) wrong(`errno can only contain upper case or numeric characters, got ${quoted(errno)}`);
  return { set, errno };
}

function readSelinuxContext(value: unknown): SelinuxContext {
  const object = objectOf(value);
  const part = (name: string, mayHaveColon: boolean): string => {
    const text = optional(object, name, stringOf) ?? '';
    const isBad = text === '' || (!mayHaveColon && text.includes(':'));
    return isBad ? wrong(`invalid ${name} value ${quoted(text)}`) : text;
  };
  return {
    kind: 'selinux-context',
    user: part('user', false),
    role: part('role', false),
    type: part('type', false),
    level: part('level', true),
  };
}

/** As the kernel has it. */
export function renderSelinuxContext({ user, role, type, level }: Omit<SelinuxContext, 'kind'>): string {
  return [user, role, type, level].join(':');
}

function readApparmorProfile(value: unknown): IsolatorValue {
  const profile = optional(objectOf(value), 'profile', stringOf) ?? '';
  return profile === '' ? wrong('invalid profile value ""') : { kind: 'apparmor-profile', profile };
}
