import { quoted } from '#errors';
import { type Decode, listOf, objectOf, optional, refuseDuplicates, required, stringOf } from './decode.ts';
import { AppcError } from './error.ts';
import { parseAcIdentifier } from './name.ts';
import type { Label, NameValue } from './types.ts';

/** The operating systems an image may be for, and the architectures of each: appc spec, aci.md, labels. */
const ARCHITECTURES: ReadonlyMap<string, readonly string[]> = new Map([
  ['linux', ['amd64', 'i386', 'aarch64', 'aarch64_be', 'armv6l', 'armv7l', 'armv7b', 'ppc64', 'ppc64le', 's390x']],
  ['freebsd', ['amd64', 'i386', 'arm']],
  ['darwin', ['x86_64', 'i386']],
]);

export const decodeNameValue: Decode<NameValue> = (value) => {
  const object = objectOf(value);
  return {
    name: required(object, 'name', (name) => parseAcIdentifier(stringOf(name))),
    value: optional(object, 'value', stringOf) ?? '',
  };
};

export const decodeLabels: Decode<readonly Label[]> = (value) => {
  const labels = listOf(decodeNameValue)(value);
  if (labels.some(({ name }) => name === 'name')) throw new AppcError('bad-label', 'invalid label name: "name"');
  refuseDuplicates(labels, 'labels of name');
  refuseForeignPlatform(labels);
  return labels;
};

/** Undefined: there is no label of that name. */
export function labelValue(labels: readonly Label[] | undefined, name: string): string | undefined {
  return labels?.find((label) => label.name === name)?.value;
}

/** Throws `bad-label` unless the labels say for which system the image is, and this is a Linux the spec knows. */
export function checkOsArch(labels: readonly Label[] | undefined): { os: string; arch: string } {
  const os = labelValue(labels, 'os');
  const arch = labelValue(labels, 'arch');
  if (os === undefined) throw new AppcError('bad-label', 'missing os label in the image manifest');
  if (arch === undefined) throw new AppcError('bad-label', 'missing arch label in the image manifest');
  refuseForeignPlatform(labels ?? [], ['linux']);
  return { os, arch };
}

function refuseForeignPlatform(labels: readonly Label[], systems: readonly string[] = [...ARCHITECTURES.keys()]): void {
  const os = labelValue(labels, 'os');
  if (os === undefined) return;
  const known = systems.includes(os) ? ARCHITECTURES.get(os) : undefined;
  if (known === undefined) {
    const names = systems.toSorted().join(' ');
    throw new AppcError('bad-label', `bad os ${quoted(os)} (must be one of: [${names}])`);
  }
  const arch = labelValue(labels, 'arch');
  if (arch === undefined || known.includes(arch)) return;
  throw new AppcError('bad-label', `bad arch ${quoted(arch)} for ${os} (must be one of: [${known.join(' ')}])`);
}
