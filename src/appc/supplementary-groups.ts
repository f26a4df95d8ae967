import type { Annotation, RuntimeApp } from './types.ts';

/** Groups of an app that its image knows by name or as those of files; the manifest's own field has room for numbers only. */
const SUPPLEMENTARY_GROUPS_ANNOTATION = 'coreos.com/rkt/supplementary-groups';

/** Names and absolute paths, in the order given. */
export function supplementaryGroupsOf({ annotations = [] }: Pick<RuntimeApp, 'annotations'>): string[] {
  const text = annotations.find(({ name }) => name === SUPPLEMENTARY_GROUPS_ANNOTATION)?.value ?? '';
  return text.split(',').filter((group) => group !== '');
}

export function supplementaryGroupsAnnotation(groups: readonly string[]): Annotation[] {
  return groups.length === 0 ? [] : [{ name: SUPPLEMENTARY_GROUPS_ANNOTATION, value: groups.join(',') }];
}
