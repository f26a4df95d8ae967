import { PodError } from './errors.ts';
import { listUuids, sightPod } from './locate.ts';
import { readPodName } from './name-index.ts';
import { visiblePhases } from './phase.ts';
import { emptyUuid, isUuid, type Uuid } from './uuid.ts';

/**
 * The pod of that UUID, else the one of that name, else the only visible one whose UUID starts so: what a user may
 * call a pod, in any case. A whole UUID and a name need no look at the other pods.
 *
 * @throws {PodError} `uuid-empty`, `pod-not-found`, `uuid-ambiguous`
 */
export function resolvePod(dataDir: string, text: string): Uuid {
  const prefix = text.toLowerCase();
  if (prefix === '') throw emptyUuid();
  if (isUuid(prefix)) return prefix;
  const named = readPodName(dataDir, prefix);
  if (named !== undefined && isVisible(dataDir, named)) return named;
  const matches = listUuids(dataDir, visiblePhases).filter(([uuid]) => uuid.startsWith(prefix));
  if (matches.length > 1) {
    const hint = matches.slice(0, 5).map(([uuid]) => uuid).join(', ');
    throw new PodError('uuid-ambiguous', `ambiguous uuid, ${matches.length} matches`, { hint });
  }
  if (matches[0] === undefined) throw podNotFound(text);
  return matches[0][0];
}

function isVisible(dataDir: string, uuid: Uuid): boolean {
  const sighting = sightPod(dataDir, uuid);
  sighting?.handle.release();
  return sighting !== undefined && visiblePhases.includes(sighting.phase);
}

export function podNotFound(text: string): PodError {
  return new PodError('pod-not-found', `no matches found for ${JSON.stringify(text)}`, { hint: 'see which pods there are: rkt list' });
}
