import { AC_VERSION, type Annotation, appcPlatform, collectHealthWords, healthAnnotations, type ImageManifest, type Label } from '#appc';
import { type Digest, digestHex, type OciConfig, type OciRunConfig, type Reference } from '#oci';
import { dockerImageName } from '../trust/docker-image-name.ts';
import { planApp } from './app.ts';

export interface ConvertedImage {
  readonly reference: Reference;
  /** The reference as the user wrote it, without `docker://`. */
  readonly originalName: string;
  readonly config: OciConfig;
  /** The image's ID in OCI's sense: the digest of its configuration. */
  readonly configDigest: Digest;
  /** Absent where there was no manifest: a docker archive has none. */
  readonly manifestDigest?: Digest;
}

/**
 * The appc image manifest of an OCI or Docker image, with the names and annotations of docker2aci.
 *
 * Depends on the arguments alone, so that the image has the same ID on every machine.
 *
 * @throws {ImageError} unsupported-image
 */
export function planImageManifest(image: ConvertedImage): ImageManifest {
  const { reference, config } = image;
  const manifest = {
    acKind: 'ImageManifest',
    acVersion: AC_VERSION,
    name: dockerImageName(reference),
    labels: planLabels(image),
    annotations: planAnnotations(image),
  } as const;
  return { ...manifest, app: planApp(config.config) };
}

function planLabels({ reference, config }: ConvertedImage): Label[] {
  const { os, arch } = appcPlatform(config);
  return [
    { name: 'arch', value: arch },
    { name: 'os', value: os },
    { name: 'version', value: reference.digest ?? reference.tag ?? 'latest' },
  ];
}

function planAnnotations(image: ConvertedImage): Annotation[] {
  const { reference, config } = image;
  const values: readonly (readonly [string, string | undefined])[] = [
    ['author', config.author],
    ['created', config.created],
    ['appc.io/docker/originalname', image.originalName],
    ['appc.io/docker/registryurl', reference.registry],
    ['appc.io/docker/repository', reference.repository],
    ['appc.io/docker/tag', reference.tag ?? (reference.digest === undefined ? 'latest' : undefined)],
    ['appc.io/docker/imageid', digestHex(image.configDigest)],
    ['appc.io/docker/manifesthash', image.manifestDigest],
    ['appc.io/docker/entrypoint', renderWords(config.config.Entrypoint)],
    ['appc.io/docker/cmd', renderWords(config.config.Cmd)],
  ];
  const given = values.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [{ name, value }]));
  return [...given, ...planHealthAnnotations(config.config)];
}

/** Docker runs it without being asked to; so the manifest says it in words of ours. */
function planHealthAnnotations({ Healthcheck: check }: OciRunConfig): Annotation[] {
  if (check === undefined) return [];
  const time = (nanoseconds = 0): string | undefined => (nanoseconds === 0 ? undefined : `${nanoseconds}ns`);
  const words: Readonly<Record<string, string | undefined>> = {
    cmd: JSON.stringify(check.Test),
    interval: time(check.Interval),
    timeout: time(check.Timeout),
    retries: check.Retries ? String(check.Retries) : undefined,
    'start-period': time(check.StartPeriod),
  };
  return healthAnnotations(collectHealthWords((word) => words[word]));
}

function renderWords(words: readonly string[] | undefined): string | undefined {
  return words === undefined || words.length === 0 ? undefined : JSON.stringify(words);
}
