import { decodeAnnotations } from './annotation.ts';
import { checkApp, decodeApp, orderApp, orderIsolator, orderPairs } from './app.ts';
import { booleanOf, defined, listOf, mapOf, objectOf, optional, parseDocument, refuseDuplicates, required, stringOf } from './decode.ts';
import { omitEmpty, renderGoJson, sortedMap } from './go-json.ts';
import { kindOf } from './image-manifest.ts';
import { parseImageId } from './image-id.ts';
import { decodeIsolator } from './isolator.ts';
import { decodeLabels } from './label.ts';
import { decodeMount, orderMount } from './mount.ts';
import { parseAcIdentifier, parseAcName } from './name.ts';
import { decodeExposedPort, orderExposedPort } from './port.ts';
import type { ImageId, PodManifest, RuntimeApp, RuntimeImage } from './types.ts';
import { parseAcVersion } from './version.ts';
import { decodeVolume, orderVolume } from './volume.ts';

/** Pod manifests: appc spec, pods.md. */

/**
 * Throws `bad-manifest`. Members the spec does not have are dropped.
 *
 * A manifest written by a user may name images by the first digits of an ID only: `resolve` makes the whole ID of it.
 */
export function parsePodManifest(json: string, resolve: (id: string) => ImageId = parseImageId): PodManifest {
  return parseDocument('pod manifest', json, (value) => decodePodManifest(value, resolve));
}

function decodePodManifest(value: unknown, resolve: (id: string) => ImageId): PodManifest {
  const object = objectOf(value);
  const manifest = defined<PodManifest>({
    acVersion: required(object, 'acVersion', (text) => parseAcVersion(stringOf(text))),
    acKind: required(object, 'acKind', kindOf('PodManifest')),
    apps: optional(object, 'apps', listOf((app) => decodeRuntimeApp(app, resolve))) ?? [],
    volumes: optional(object, 'volumes', listOf(decodeVolume)) ?? null,
    isolators: optional(object, 'isolators', listOf(decodeIsolator)) ?? null,
    annotations: optional(object, 'annotations', decodeAnnotations) ?? null,
    ports: optional(object, 'ports', listOf(decodeExposedPort)) ?? null,
    userAnnotations: optional(object, 'userAnnotations', mapOf),
    userLabels: optional(object, 'userLabels', mapOf),
  });
  checkNames(manifest);
  return manifest;
}

function checkNames(manifest: PodManifest): void {
  refuseDuplicates(manifest.apps, 'apps of name');
  refuseDuplicates(manifest.volumes ?? [], 'volume name');
}

function decodeRuntimeApp(value: unknown, resolve: (id: string) => ImageId): RuntimeApp {
  const object = objectOf(value);
  return defined<RuntimeApp>({
    name: required(object, 'name', (text) => parseAcName(stringOf(text))),
    image: required(object, 'image', (image) => decodeRuntimeImage(image, resolve)),
    app: optional(object, 'app', decodeApp),
    readOnlyRootFS: optional(object, 'readOnlyRootFS', booleanOf),
    mounts: optional(object, 'mounts', listOf(decodeMount)),
    annotations: optional(object, 'annotations', decodeAnnotations),
  });
}

function decodeRuntimeImage(value: unknown, resolve: (id: string) => ImageId): RuntimeImage {
  const object = objectOf(value);
  return defined<RuntimeImage>({
    name: optional(object, 'name', (text) => parseAcIdentifier(stringOf(text))),
    id: required(object, 'id', (text) => resolve(stringOf(text))),
    labels: optional(object, 'labels', decodeLabels),
  });
}

/**
 * Byte for byte as Go's json.Marshal writes the schema of appc, or json.MarshalIndent with `indent`.
 *
 * Throws `bad-manifest` for two apps or two volumes of one name, and for an app that could not be read again.
 */
export function renderPodManifest(manifest: PodManifest, { indent }: { indent?: string } = {}): string {
  checkNames(manifest);
  for (const { app } of manifest.apps) if (app !== undefined) checkApp(app);
  const ordered = {
    acVersion: manifest.acVersion,
    acKind: manifest.acKind,
    apps: manifest.apps.map(orderRuntimeApp),
    volumes: manifest.volumes?.map(orderVolume) ?? null,
    isolators: manifest.isolators?.map(orderIsolator) ?? null,
    annotations: manifest.annotations?.map(({ name, value }) => ({ name, value })) ?? null,
    ports: manifest.ports?.map(orderExposedPort) ?? null,
    userAnnotations: sortedMap(manifest.userAnnotations),
    userLabels: sortedMap(manifest.userLabels),
  };
  return renderGoJson(ordered, indent);
}

function orderRuntimeApp({ name, image, app, readOnlyRootFS, mounts, annotations }: RuntimeApp): object {
  return {
    name,
    image: { name: image.name, id: image.id, labels: orderPairs(image.labels) },
    app: app && orderApp(app),
    readOnlyRootFS: readOnlyRootFS || undefined,
    mounts: omitEmpty(mounts?.map(orderMount)),
    annotations: orderPairs(annotations),
  };
}
