import { basename } from 'node:path';
import { parseReference, type Reference } from '#oci';
import type { LocalSource } from './local-source.ts';

/** The registry of images that have none, as podman has it. */
const LOCAL_REGISTRY = 'localhost';
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export interface LocalName {
  readonly reference: Reference;
  readonly originalName: string;
}

/**
 * What an image is called once it is in the store.
 *
 * A whole reference (`quay.io/team/app:1.2`, of docker's RepoTags or containerd's annotation) is taken as if the
 * image came from there, so that its ID is the same. A tag alone (OCI's `ref.name`) is one of
 * `localhost/<name of the directory or file>`; without any name the tag is `latest`.
 */
export function planLocalName(names: readonly string[], source: Pick<LocalSource, 'path'>): LocalName {
  for (const name of names) {
    const reference = /[/:]/.test(name) ? tryReference(name) : undefined;
    if (reference !== undefined) return { reference, originalName: name };
  }
  const tag = names.find((name) => TAG.test(name)) ?? 'latest';
  const reference: Reference = { registry: LOCAL_REGISTRY, repository: repositoryOf(source.path), tag };
  return { reference, originalName: `${LOCAL_REGISTRY}/${reference.repository}:${tag}` };
}

function tryReference(name: string): Reference | undefined {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}

/** `/srv/My App.tar.gz` → `my-app` */
function repositoryOf(path: string): string {
  const stem = basename(path).replace(/(?:\.(?:oci|docker|tar|tgz|gz|zst|xz|bz2))+$/i, '');
  return stem.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'image';
}
