import {
  type Annotation,
  healthAnnotations,
  healthCheckOf,
  healthWordsOf,
  type ImageManifest,
  mergeHealthWords,
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

/** @throws {AppcError} `bad-restart`, `bad-health` */
export function checkAppAnnotations(app: RuntimeApp): void {
  restartPolicyOf(app);
  healthCheckOf(app);
}
