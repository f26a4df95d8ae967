import { type ImageManifest, labelValue } from '#appc';
import { parseReference, renderReference } from '#oci';

export interface ExportedName {
  /** The tag alone; undefined where the version is no tag (a digest, say). */
  readonly tag: string | undefined;
  /** The whole reference, as docker writes it; undefined where the name is none. */
  readonly reference: string | undefined;
}

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** What an image of the store is called among OCI images. */
export function planExportedName(manifest: ImageManifest): ExportedName {
  const version = labelValue(manifest.labels, 'version') ?? 'latest';
  if (!TAG.test(version)) return { tag: undefined, reference: undefined };
  return { tag: version, reference: tryReference(`${repositoryOf(manifest)}:${version}`) };
}

function repositoryOf(manifest: ImageManifest): string {
  const annotation = (name: string): string | undefined =>
    manifest.annotations?.find((each) => each.name === `appc.io/docker/${name}`)?.value;
  const [registry, repository] = [annotation('registryurl'), annotation('repository')];
  return registry !== undefined && repository !== undefined ? `${registry}/${repository}` : manifest.name;
}

function tryReference(text: string): string | undefined {
  try {
    // The hub is named as docker and podman do in archives.
    return renderReference(parseReference(text)).replace(/^registry-1\.docker\.io\//, 'docker.io/');
  } catch {
    return undefined;
  }
}
