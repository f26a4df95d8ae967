/** A pod on disk: where it is, what it is, how it moves, and what can be read of it. */
export { PodError, type PodErrorCode } from './errors.ts';
export { isMutable, mutableAnnotation } from './mutable.ts';
export { type PodName, parsePodName, podNameOf, withPodName } from './pod-name.ts';
export { collectPodNames } from './name-index.ts';
export { newUuid, parseUuid, type Uuid } from './uuid.ts';
export { isAfterRun, isFinished, type Phase, phases, type PodState, visiblePhases } from './phase.ts';
export { phaseDir, podDir, podFiles } from './layout.ts';
export { createPod, listPods, openPod } from './open-pod.ts';
export { Pod } from './pod.ts';
export type { AppHealth, AppRestarts } from './app-upkeep.ts';
export type { AppState, AppStatus } from './app-status.ts';
export { parseIdRange, renderIdRange } from './private-users.ts';
export { isSelinuxContextText, parseSelinuxLabels, renderSelinuxLabels, selinuxLevel, type SelinuxLabels } from './selinux-labels.ts';
export { type NetInfo, parseNetInfo, renderNetInfo } from './net-info.ts';
