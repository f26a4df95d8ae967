import { type AcIdentifier, checkOsArch, type ImageId, type Label } from '#appc';
import { messageOf } from '#errors';
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

/** An image by its appc name: from the store where the policy allows, or else as its discovery page says. */
export async function fetchName(request: NameRequest, options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  const labels = withDefaults(request.labels);
  checkPlatform(request.text, labels);
  const held = options.pullPolicy === 'update' ? undefined : findHeld(request, labels, ctx);
  if (held !== undefined) return held;
  if (options.pullPolicy === 'never') throw notInStore(`image from image name "${request.text}"`);
  // An image that is held is found without loading what discovers.
  const { fetchDiscovered } = await import('./discovery/fetch-discovered.ts');
  return fetchDiscovered({ name: request.name, labels }, options, ctx);
}

export function findHeld(
  { text, name }: NameRequest,
  labels: readonly Label[],
  ctx: Pick<ImageContext, 'store' | 'report'>,
): ImageId | undefined {
  const held = ctx.store.findByName(name, labels);
  if (held !== undefined) ctx.report.debug(`image: using image from local store for image name ${text}`);
  return held?.id;
}

/** The image must be for this machine unless the name says otherwise. */
export function withDefaults(labels: readonly Label[]): Label[] {
  const arch = machineArchLabel();
  const defaults = [...(arch === undefined ? [] : [{ name: 'arch', value: arch }]), { name: 'os', value: 'linux' }];
  return [...labels, ...defaults.filter(({ name }) => !labels.some((label) => label.name === name))];
}

function checkPlatform(text: string, labels: readonly Label[]): void {
  try {
    checkOsArch(labels);
  } catch (cause) {
    throw new ImageError('bad-image-string', `invalid Appc distribution "${text}": ${messageOf(cause)}`, { cause });
  }
}
