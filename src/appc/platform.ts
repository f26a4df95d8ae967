import { quoted } from '#errors';
import { AppcError } from './error.ts';

/** Platforms in the words of appc labels, and in those of Go, which OCI and Docker images use. */

export interface AppcPlatform {
  readonly os: string;
  readonly arch: string;
}

export interface GoPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const LINUX: readonly (readonly [arch: string, go: string, variant?: string])[] = [
  ['amd64', 'amd64'],
  ['i386', '386'],
  ['aarch64', 'arm64'],
  ['armv6l', 'arm', 'v6'],
  ['armv7l', 'arm', 'v7'],
  ['ppc64', 'ppc64'],
  ['ppc64le', 'ppc64le'],
  ['s390x', 's390x'],
];

/** `arm` without a variant is taken as v6, as the oldest the spec has a name for; arm64 has but one. */
export function appcPlatform({ os, architecture, variant }: GoPlatform): AppcPlatform {
  const candidates = os === 'linux' ? LINUX.filter(([, go]) => go === architecture) : [];
  const row = candidates.length === 1 ? candidates[0] : candidates.find(([, , known]) => known === (variant || 'v6'));
  if (row !== undefined) return { os, arch: row[0] };
  throw new AppcError('bad-label', `unknown arch tuple: ${[os, architecture, variant ?? ''].map(quoted).join(' - ')}`);
}

/** The platform as registries have it. Throws `bad-label` where they have none. */
export function goPlatform({ os, arch }: AppcPlatform): GoPlatform {
  const row = os === 'linux' ? LINUX.find(([known]) => known === arch) : undefined;
  if (row === undefined) throw new AppcError('bad-label', `unknown arch tuple: ${quoted(os)} - ${quoted(arch)}`);
  const [, architecture, variant] = row;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}
