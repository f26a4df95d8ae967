import { quoted } from '#errors';
import { decodeAnnotations } from './annotation.ts';
import { checkApp, decodeApp, orderApp, orderPairs } from './app.ts';
import { type Decode, defined, integerOf, listOf, objectOf, optional, parseDocument, required, stringOf, wrong } from './decode.ts';
import { AppcError } from './error.ts';
import { omitEmpty, renderGoJson } from './go-json.ts';
import { decodeLabels } from './label.ts';
import { parseAcIdentifier } from './name.ts';
import type { Dependency, ImageManifest } from './types.ts';
import { parseAcVersion } from './version.ts';

/** Image manifests: appc spec, aci.md. */

/** Throws `bad-manifest`. Members the spec does not have are dropped. */
export function parseImageManifest(json: string): ImageManifest {
  return parseDocument('image manifest', json, decodeImageManifest);
}

const decodeImageManifest: Decode<ImageManifest> = (value) => {
  const object = objectOf(value);
  return defined<ImageManifest>({
    acKind: required(object, 'acKind', kindOf('ImageManifest')),
    acVersion: required(object, 'acVersion', (text) => parseAcVersion(stringOf(text))),
    name: required(object, 'name', (text) => parseAcIdentifier(stringOf(text))),
    labels: optional(object, 'labels', decodeLabels),
    app: optional(object, 'app', decodeApp),
    dependencies: optional(object, 'dependencies', listOf(decodeDependency)),
    pathWhitelist: optional(object, 'pathWhitelist', listOf(stringOf)),
    annotations: optional(object, 'annotations', decodeAnnotations),
  });
};

export function kindOf<K extends string>(kind: K): Decode<K> {
  return (value) => (value === kind ? kind : wrong(`bad ACKind: ${quoted(String(value))} (must be ${kind})`));
}

const decodeDependency: Decode<Dependency> = (value) => {
  const object = objectOf(value);
  return defined<Dependency>({
    imageName: required(object, 'imageName', (text) => parseAcIdentifier(stringOf(text))),
    imageID: optional(object, 'imageID', decodeHash),
    labels: optional(object, 'labels', decodeLabels),
    size: optional(object, 'size', integerOf(0, Number.MAX_SAFE_INTEGER)),
  });
};

/** A dependency may name its image by any leading part of the hash. */
const decodeHash: Decode<string> = (value) => {
  const text = stringOf(value);
  if (/^sha512-[0-9a-f]{1,128}$/.test(text)) return text;
  throw new AppcError('bad-image-id', `${quoted(text)} is not an image ID`);
};

/** One line, byte for byte as Go's json.Marshal writes the schema of appc. */
export function renderImageManifest(manifest: ImageManifest, { indent }: { indent?: string } = {}): string {
  if (manifest.app !== undefined) checkApp(manifest.app);
  const ordered = {
    acKind: manifest.acKind,
    acVersion: manifest.acVersion,
    name: manifest.name,
    labels: orderPairs(manifest.labels),
    app: manifest.app && orderApp(manifest.app),
    annotations: orderPairs(manifest.annotations),
    dependencies: omitEmpty(manifest.dependencies?.map(orderDependency)),
    pathWhitelist: omitEmpty(manifest.pathWhitelist),
  };
  return renderGoJson(ordered, indent);
}

function orderDependency({ imageName, imageID, labels, size }: Dependency): object {
  return { imageName, imageID, labels: orderPairs(labels), size: size || undefined };
}
