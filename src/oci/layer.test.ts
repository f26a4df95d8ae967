import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDigest } from './digest.ts';
import { checkIsImage, layersOf } from './layer.ts';
import { layerCompression, MEDIA_TYPES } from './media-type.ts';
import type { OciConfig, OciManifest } from './types.ts';

const digest = parseDigest(`sha256:${'1'.repeat(64)}`);
const diffId = parseDigest(`sha256:${'2'.repeat(64)}`);
const layer = { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest, size: 7 };
const manifest: OciManifest = {
  kind: 'manifest', mediaType: MEDIA_TYPES.dockerManifest, layers: [layer],
  config: { mediaType: MEDIA_TYPES.dockerConfig, digest, size: 1 },
};
const config: OciConfig = { os: 'linux', architecture: 'amd64', config: {}, history: [], rootfs: { type: 'layers', diff_ids: [diffId] } };

test('layersOf, an image, has for each layer what to fetch and what it must become', () => {
  assert.deepEqual(layersOf(manifest, config), [{ digest, size: 7, compression: 'gzip', diffId, urls: [] }]);
});

test('layersOf, manifest and configuration that differ in number, throws', () => {
  const none = { ...config, rootfs: { type: 'layers' as const, diff_ids: [] } };
  assert.throws(() => layersOf(manifest, none), { code: 'bad-manifest', message: /manifest has 1 layers and the configuration 0$/ });
});

test('checkIsImage, artifacts, are refused by media type', () => {
  const chart = { ...manifest, config: { ...manifest.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } };
  assert.throws(() => checkIsImage(chart), { code: 'unsupported-media-type', message: /not a container image: .*helm/ });
  const signature = { ...manifest, layers: [{ ...layer, mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' }] };
  assert.throws(() => checkIsImage(signature), /it is not a layer of a file system/);
});

test('layerCompression, layers of OCI and Docker, is by media type', () => {
  assert.equal(layerCompression('application/vnd.oci.image.layer.v1.tar'), 'none');
  assert.equal(layerCompression('application/vnd.oci.image.layer.v1.tar+zstd'), 'zstd');
  assert.equal(layerCompression('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), 'gzip');
  assert.throws(() => layerCompression('application/vnd.oci.image.layer.v1.tar+gzip+encrypted'), /encrypted layers are not supported/);
  assert.throws(() => layerCompression('constructor'), { code: 'unsupported-media-type' });
});
