import { ImageError } from '../image-error.ts';

/** Forms in which an image lies on this machine, other than an ACI. */
export type LocalForm = 'oci' | 'oci-archive' | 'docker-archive';

export interface LocalSource {
  readonly form: LocalForm;
  /** A directory for `oci`, else a file. */
  readonly path: string;
  /** What the image is called in there; undefined: there is but one. */
  readonly name: string | undefined;
}

const LOCAL = /^(oci|oci-archive|docker-archive):(?!\/\/)([^:]+)(?::(.+))?$/s;

/**
 * `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REF]`, as skopeo and podman write them: the path
 * ends at the first colon.
 *
 * @throws {ImageError} bad-image-string
 */
export function parseLocalSource(text: string): LocalSource {
  const match = LOCAL.exec(text);
  if (match === null) {
    throw new ImageError('bad-image-string', `invalid image string "${text}"`, {
      hint: 'an image of this machine is written oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME]',
    });
  }
  return { form: match[1] as LocalForm, path: match[2]!, name: match[3] };
}
