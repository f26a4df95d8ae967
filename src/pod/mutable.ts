import type { AcIdentifier, Annotation, PodManifest } from '#appc';

/** The annotation of a pod manifest that says whether the pod's apps may change while it runs. */
const ANNOTATION = 'coreos.com/rkt/stage1/mutable' as AcIdentifier;

export function mutableAnnotation(mutable: boolean): Annotation {
  return { name: ANNOTATION, value: String(mutable) };
}

/** Whether the pod's apps may change while it runs. */
export function isMutable({ annotations }: PodManifest): boolean {
  return annotations?.some(({ name, value }) => name === ANNOTATION && value === 'true') ?? false;
}
