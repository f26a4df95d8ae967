import type { AcIdentifier, ImageId, Label } from '#appc';
import type { FindOptions, ImageContext } from './context.ts';
import { machineArchLabel } from './machine-platform.ts';
import { ImageError } from './image-error.ts';
import { notInStore } from './not-in-store.ts';

export interface NameRequest {
  /** As the user wrote it. */
  readonly text: string;
  readonly name: AcIdentifier;
  readonly labels: readonly Label[];
}

/** An image by its appc name: from the store. */
export async function fetchName(request: NameRequest, options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  const labels = withDefaults(request.labels);
  const held = ctx.store.findByName(request.name, labels);
  if (held !== undefined) {
    ctx.report.debug(`image: using image from local store for image name ${request.text}`);
    return held.id;
  }
  if (options.pullPolicy === 'never') throw notInStore(`image from image name "${request.text}"`);
  return discover(request);
}

/** The image must be for this machine unless the name says otherwise. */
export function withDefaults(labels: readonly Label[]): Label[] {
  const arch = machineArchLabel();
  const defaults = [...(arch === undefined ? [] : [{ name: 'arch', value: arch }]), { name: 'os', value: 'linux' }];
  return [...labels, ...defaults.filter(({ name }) => !labels.some((label) => label.name === name))];
}

function discover({ text }: NameRequest): never {
  throw new ImageError('no-discovery', `image discovery is not available, and no image named "${text}" is in the store`, {
    hint: 'fetch it by URL (https://….aci), by docker://REFERENCE or from a file (./name.aci)',
  });
}
