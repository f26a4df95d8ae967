import {
  type Annotation,
  appStreamsOf,
  healthAnnotations,
  healthCheckOf,
  healthWordsOf,
  type ImageManifest,
  mergeHealthWords,
  type PodManifest,
  restartPolicyOf,
  type RuntimeApp,
} from '#appc';

/** That the app tells when it is ready (sd_notify(3)). */
const SUPPORTS_NOTIFY = 'appc.io/executor/supports-systemd-notify';

/** The annotations of an app, with those of its image that are about running it, where the app's own say nothing else. */
export function appAnnotations(own: readonly Annotation[], image: ImageManifest): Annotation[] {
  const said = healthAnnotations(healthWordsOf({ annotations: own }));
  const health = mergeHealthWords(healthWordsOf(image), healthWordsOf({ annotations: own }));
  const others = own.filter(({ name }) => !said.some((annotation) => annotation.name === name));
  const notify = (image.annotations ?? []).filter(
    ({ name }) => name === SUPPORTS_NOTIFY && !own.some((annotation) => annotation.name === name),
  );
  return [...others, ...notify, ...healthAnnotations(health)];
}

/** @throws {AppcError} `bad-restart`, `bad-health`, `bad-streams` */
export function checkAppAnnotations(pod: Pick<PodManifest, 'annotations'>, app: RuntimeApp): void {
  appStreamsOf(pod, app);
  restartPolicyOf(app);
  healthCheckOf(app);
}
