import { mkdirSync } from 'node:fs';
import { unlessMissing } from '#sys';
import { phaseDir } from './layout.ts';
import { listUuids, sightPod } from './locate.ts';
import { type Phase, phases, visiblePhases } from './phase.ts';
import { Pod } from './pod.ts';
import { podNotFound, resolvePod } from './resolve-pod.ts';
import { newUuid } from './uuid.ts';

/** A new pod in `prepare`, locked by us: should we die before it moves on, it counts as given up. */
export function createPod(dataDir: string): Pod {
  const pod = unlessMissing(() => Pod.embryo(dataDir, newUuid()));
  if (pod !== undefined) return pod;
  // The first one is made last: where it is, all are.
  for (const phase of phases.toReversed()) mkdirSync(phaseDir(dataDir, phase), { recursive: true, mode: 0o750 });
  return Pod.embryo(dataDir, newUuid());
}

/**
 * The pod of that UUID or name, or the only one whose UUID starts so.
 *
 * @throws {PodError} `uuid-empty`, `pod-not-found`, `uuid-ambiguous`
 */
export function openPod(dataDir: string, text: string): Pod {
  const uuid = resolvePod(dataDir, text);
  const sighting = sightPod(dataDir, uuid);
  if (sighting === undefined) throw podNotFound(text);
  const pod = new Pod(dataDir, uuid, sighting);
  if (visiblePhases.includes(pod.phase)) return pod;
  pod.close();
  throw podNotFound(text);
}

/**
 * The pods in some phases, sorted by UUID. Each is closed when the next one is asked for: what is to be
 * kept must be read before.
 *
 * A pod that vanishes or leaves the phases meanwhile is left out.
 */
export function* listPods(dataDir: string, among: readonly Phase[] = visiblePhases): Generator<Pod, void, undefined> {
  for (const [uuid, phase] of listUuids(dataDir, among)) {
    const sighting = sightPod(dataDir, uuid, phase);
    if (sighting === undefined) continue;
    using pod = new Pod(dataDir, uuid, sighting);
    if (among.includes(pod.phase)) yield pod;
  }
}
