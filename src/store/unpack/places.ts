import type { EntryPath } from '../tar/entry-path.ts';
import type { UnpackRequest } from './protocol.ts';

const ROOTFS = 'rootfs';

/**
 * Where each entry goes: a layer's as they are named; of an ACI what lies below `rootfs/`, without that prefix,
 * and where there is a whitelist, only what it names (appc spec, aci.md, pathWhitelist).
 */
export function planPlaces(
  request: Pick<UnpackRequest, 'kind' | 'keep'>,
): ((path: EntryPath) => EntryPath | undefined) | undefined {
  if (request.kind === 'layer') return undefined;
  const keep = request.keep === undefined ? undefined : new Set(request.keep.map(asEntryPath));
  return (path) => {
    if (path === ROOTFS) return '';
    if (!path.startsWith(`${ROOTFS}/`)) return undefined;
    const place = path.slice(ROOTFS.length + 1);
    return keep === undefined || keep.has(place) ? place : undefined;
  };
}

/** A path of a manifest, `/usr/bin/é`, as entries have it: no outer slashes, one character a byte. */
function asEntryPath(path: string): EntryPath {
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  return Buffer.from(components.join('/')).toString('latin1');
}
