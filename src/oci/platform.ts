import { quoted } from '#errors';
import { defined, type Decode, objectOf, optional, required, stringOf } from './decode.ts';
import type { Descriptor, OciIndex } from './types.ts';
import { OciError } from './error.ts';

/** In the words of Go: `linux`, `arm64`, `v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export const decodePlatform: Decode<Platform> = (value) => {
  const object = objectOf(value);
  return defined<Platform>({
    os: required(object, 'os', stringOf),
    architecture: required(object, 'architecture', stringOf),
    variant: optional(object, 'variant', stringOf) || undefined,
  });
};

/** Names some builders write, and what is meant. */
const ALIASES: ReadonlyMap<string, Omit<Platform, 'os'>> = new Map<string, Omit<Platform, 'os'>>([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['aarch64', { architecture: 'arm64' }],
  ['i386', { architecture: '386' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
]);

/** What a missing variant means; a processor runs everything up to its own. */
const DEFAULT_LEVEL: ReadonlyMap<string, number> = new Map([['arm', 7], ['arm64', 8], ['amd64', 1]]);

/**
 * The image of an index that suits the platform best: the highest variant it can run. An entry that does not say
 * for what it is counts only when nothing else fits. Throws `no-platform`, listing what there is.
 */
export function selectPlatform(index: OciIndex, wanted: Platform): Descriptor {
  const target = normalize(wanted);
  const fitting = index.manifests.filter(({ platform }) => platform !== undefined && canRun(target, normalize(platform)));
  const best = fitting.toSorted((a, b) => levelOf(b.platform) - levelOf(a.platform))[0];
  const unspecific = index.manifests.find(({ platform, annotations }) => platform === undefined && !isAttestation(annotations));
  const chosen = best ?? unspecific;
  if (chosen !== undefined) return chosen;
  throw new OciError('no-platform', `no image for ${renderPlatform(wanted)} in the index: ${describe(index)}`);
}

function normalize(platform: Platform): Platform {
  return { ...platform, ...ALIASES.get(platform.architecture) };
}

function canRun(target: Platform, image: Platform): boolean {
  const isSame = target.os === image.os && target.architecture === image.architecture;
  return isSame && levelOf(image) <= levelOf(target);
}

function levelOf(platform: Platform | undefined): number {
  if (platform === undefined) return -1;
  const { architecture, variant } = normalize(platform);
  const level = /^v?([0-9]{1,2})(?:\..*)?$/.exec(variant ?? '')?.[1];
  return level === undefined ? (DEFAULT_LEVEL.get(architecture) ?? 0) : Number(level);
}

function isAttestation(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.['vnd.docker.reference.type'] !== undefined;
}

function describe(index: OciIndex): string {
  const platforms = index.manifests.flatMap(({ platform }) => platform ?? []).filter(({ os }) => os !== 'unknown');
  const names = [...new Set(platforms.map(renderPlatform))];
  if (names.length === 0) return 'it names no platform at all';
  const shown = names.slice(0, 32).join(', ');
  return `there is ${shown}${names.length > 32 ? `, and ${names.length - 32} more` : ''}`;
}

/** `linux/arm/v7`; quoted if there is anything unusual in it. */
function renderPlatform({ os, architecture, variant }: Platform): string {
  const text = [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
  return /^[a-zA-Z0-9/_.-]{1,64}$/.test(text) ? text : quoted(text);
}
