/** The App Container types and texts: names, labels, isolators, manifests, archive layout. Pure. */
export type * from './types.ts';
export { type AppStreams, appStreamsOf, isAttachable, LOG_ANNOTATIONS, type LogFile, logFiles, logSize, STREAM_ANNOTATIONS } from './app-streams.ts';
export { type AciEntry, checkAciEntry } from './aci-entry.ts';
export { AppcError, type AppcErrorCode } from './error.ts';
export { parseDurationMs } from './duration.ts';
export {
  collectHealthWords,
  healthAnnotations,
  type HealthCheck,
  healthCheckOf,
  type HealthProbe,
  type HealthWords,
  healthWordsOf,
  mergeHealthWords,
  readHealthCheck,
} from './health-check.ts';
export { parseImageId } from './image-id.ts';
export { parseImageManifest, renderImageManifest } from './image-manifest.ts';
export { type ImageName, parseImageName } from './image-name.ts';
export { parseIp } from './ip.ts';
export { type IsolatorKind, isolatorOf, isolatorsOf, type IsolatorValue, readIsolator, renderSelinuxContext, type SelinuxContext } from './isolator.ts';
export { checkOsArch, labelValue } from './label.ts';
export {
  capsRemoveIsolator,
  capsRetainIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  memoryIsolator,
  oomScoreAdjIsolator,
  overrideIsolators,
  seccompIsolator,
} from './make-isolator.ts';
export { parseMount, parseMountVolume } from './mount.ts';
export { appNameOf, parseAcIdentifier, parseAcName, sanitizeAcIdentifier, sanitizeAcName } from './name.ts';
export { type AppcPlatform, appcPlatform, type GoPlatform, goPlatform } from './platform.ts';
export { parsePodManifest, renderPodManifest } from './pod-manifest.ts';
export { parsePortFlag, parseSandboxPortFlag } from './port.ts';
export { canonicalQuantity, parseQuantity } from './quantity.ts';
export { supplementaryGroupsAnnotation, supplementaryGroupsOf } from './supplementary-groups.ts';
export { AC_VERSION } from './version.ts';
export { parseRestartPolicy, RESTART_ANNOTATION, type RestartPolicy, restartPolicyOf } from './restart-policy.ts';
export { parseVolume } from './volume.ts';
export { type ForwardedPort, forwardedPorts } from './forwarded-ports.ts';
