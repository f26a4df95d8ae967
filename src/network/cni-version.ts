import { NetworkError } from './errors.ts';

/** The versions of the CNI spec that rkt speaks with plugins, the oldest first. */
const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type CniVersion = (typeof VERSIONS)[number];

/**
 * The version a configuration is written in: the latest of `cniVersions` that rkt speaks, else `cniVersion`,
 * else 0.1.0 (CNI spec, "Configuration format").
 *
 * @throws {NetworkError} `configuration-invalid` for one that rkt does not speak
 */
export function chooseCniVersion(cniVersion: unknown, cniVersions: unknown): CniVersion {
  const offered = Array.isArray(cniVersions) ? cniVersions : [];
  const latest = VERSIONS.findLast((version) => offered.includes(version));
  if (latest !== undefined) return latest;
  const version = cniVersion === undefined || cniVersion === '' ? '0.1.0' : cniVersion;
  const known = VERSIONS.find((each) => each === version);
  if (known !== undefined) return known;
  throw new NetworkError('configuration-invalid', `unknown cniVersion ${JSON.stringify(version)}`, {
    hint: `known are ${VERSIONS.join(', ')}`,
  });
}

export function isAtLeast(version: CniVersion, since: CniVersion): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(since);
}
