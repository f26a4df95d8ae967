import { readFileSync } from 'node:fs';
import type { RegistryConfig } from '#config';
import { messageOf } from '#errors';
import { parseReference, type Reference } from '#oci';
import type { ImageContext } from '../context.ts';
import type { HttpPolicy } from '../http/http-client.ts';
import { ImageError } from '../image-error.ts';
import { registryNames } from './credentials.ts';

/** Where a repository can be had: at its registry or at a mirror. */
export interface RegistryPlace {
  /** `host[:port]`. */
  readonly registry: string;
  readonly repository: string;
  readonly policy: HttpPolicy;
}

type PlacesContext = Pick<ImageContext, 'config' | 'insecure'>;

/** The places to ask for an image, in this order: the mirrors of its registry, then the registry. @throws {ImageError} */
export function planPlaces({ registry, repository }: Pick<Reference, 'registry' | 'repository'>, ctx: PlacesContext): RegistryPlace[] {
  const mirrors = settingsOf(registry, ctx)?.mirrors ?? [];
  return [
    // A mirror that does not answer is not waited for: the next place has the image too.
    ...mirrors.map((mirror) => mirrorPlace(mirror, repository)).map((place) => ({
      ...place,
      policy: { ...policyFor(place.registry, ctx), retryWaits: [] },
    })),
    { registry, repository, policy: policyFor(registry, ctx) },
  ];
}

/** How a registry may be connected to: what the command line allows for all, and the configuration for this one. */
export function policyFor(registry: string, ctx: PlacesContext): HttpPolicy {
  const settings = settingsOf(registry, ctx);
  return {
    plainHttp: ctx.insecure.http || settings?.http === true,
    verifyCertificates: !ctx.insecure.tls && settings?.tls !== true,
    ...(settings?.caFile === undefined ? {} : { authorities: readAuthorities(settings.caFile) }),
  };
}

function settingsOf(registry: string, { config }: PlacesContext): RegistryConfig | undefined {
  for (const name of registryNames(registry)) {
    const found = config.registries.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mirrorPlace(mirror: string, repository: string): { registry: string; repository: string } {
  const slash = mirror.indexOf('/');
  const host = slash === -1 ? mirror : mirror.slice(0, slash);
  const path = slash === -1 ? '' : `${mirror.slice(slash + 1)}/`;
  // A host of Docker Hub's names is where that is served; any other is taken as it stands.
  const hub = ['docker.io', 'index.docker.io'].includes(host) ? parseReference(`${host}/a/b`).registry : host;
  return { registry: hub, repository: `${path}${repository}` };
}

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ImageError('bad-credentials', `cannot read the caFile of a registry: ${messageOf(cause)}`, { cause });
  }
}
