import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAXIMUM_LAYERS, parseManifest } from './manifest.ts';
import { MEDIA_TYPES } from './media-type.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const config = { mediaType: MEDIA_TYPES.ociConfig, digest: digest('c'), size: 2 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest('1'), size: 10 };
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] };
const entry = { mediaType: MEDIA_TYPES.ociManifest, digest: digest('2'), size: 5, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } };
const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry] };
const bytesOf = (document: unknown): Uint8Array => Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
const parse = (document: unknown, mediaType?: string): unknown => parseManifest(bytesOf(document), mediaType);

test('parseManifest, an OCI manifest, has config and layers', () => {
  assert.deepEqual(parse({ ...manifest, unknown: 1, annotations: { a: 'b' } }), {
    kind: 'manifest', mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer], annotations: { a: 'b' },
  });
});

test('parseManifest, an index, has descriptors with platforms', () => {
  assert.deepEqual(parse(index, `${MEDIA_TYPES.ociIndex}; charset=utf-8`), { kind: 'index', mediaType: MEDIA_TYPES.ociIndex, manifests: [entry] });
});

test('parseManifest, Docker types, are told by the document or the header', () => {
  assert.deepEqual(parse({ ...manifest, mediaType: MEDIA_TYPES.dockerManifest }), { kind: 'manifest', mediaType: MEDIA_TYPES.dockerManifest, config, layers: [layer] });
  assert.deepEqual(parse({ ...index, mediaType: undefined }, MEDIA_TYPES.dockerManifestList), { kind: 'index', mediaType: MEDIA_TYPES.dockerManifestList, manifests: [entry] });
});

test('parseManifest, no type anywhere, is told by its members', () => {
  assert.match(JSON.stringify(parse({ ...manifest, mediaType: undefined }, 'application/json')), /"kind":"manifest"/);
  assert.match(JSON.stringify(parse({ ...index, mediaType: null })), /"kind":"index"/);
  assert.throws(() => parse({ schemaVersion: 2 }), /neither manifests nor layers/);
});

test('parseManifest, a document that could be two things, is refused', () => {
  assert.throws(() => parse({ ...manifest, manifests: [] }), { code: 'bad-manifest', message: /must not have manifests/ });
  assert.throws(() => parse({ ...index, layers: [] }), /must not have layers or config/);
  assert.throws(() => parse({ ...index, mediaType: undefined, config }), /must not have layers or config/);
  assert.throws(() => parse(manifest, MEDIA_TYPES.ociIndex), /it was sent as ".*index.*" and says that it is ".*manifest/);
});

test('parseManifest, schema 1, is refused by name', () => {
  const why = { code: 'schema-1', message: 'docker image manifest schema 1 is not supported' };
  assert.throws(() => parse({ schemaVersion: 1, fsLayers: [] }), why);
  assert.throws(() => parse({}, 'application/vnd.docker.distribution.manifest.v1+prettyjws'), why);
});

test('parseManifest, other media types, are refused by name', () => {
  assert.throws(() => parse({ ...manifest, mediaType: 'text/html' }), { code: 'unsupported-media-type', message: /"text\/html"/ });
  assert.throws(() => parse({ schemaVersion: 2 }, 'application/vnd.cncf.helm.chart.v1'), { code: 'unsupported-media-type' });
});

test('parseManifest, hostile numbers and digests, are refused with the way to them', () => {
  const layers: [object, RegExp][] = [
    [{ size: -1 }, /layers: 0: size: must be a size in bytes/],
    [{ size: 1.5 }, /size: must be a size/],
    [{ size: '10' }, /size: must be a size/],
    [{ size: 2 ** 41 }, /size: 2199023255552 bytes are more than 1099511627776/],
    [{ digest: 'sha256:..' }, /digest: "sha256:\.\." is not a digest/],
    [{ digest: undefined }, /digest is missing/],
    [{ mediaType: 5 }, /mediaType: must be a string/],
    [{ urls: 'http://x' }, /urls: must be an array/],
    [{ annotations: { 'a\nb': 1 } }, /annotations: "a\\nb": must be a string/],
  ];
  for (const [more, message] of layers) {
    assert.throws(() => parse({ ...manifest, layers: [{ ...layer, ...more }] }), { code: 'bad-manifest', message }, JSON.stringify(more));
  }
  assert.throws(() => parse({ ...manifest, layers: Array(MAXIMUM_LAYERS + 1).fill(layer) }), /layers: has 513 entries, more than 512/);
  assert.throws(() => parse({ ...manifest, schemaVersion: 3 }), /schemaVersion must be 2/);
  assert.throws(() => parse({ ...manifest, schemaVersion: '2' }), /schemaVersion must be 2/);
});

test('parseManifest, bytes that are no JSON object, are refused', () => {
  for (const text of ['', 'null', '[]', '"x"', '{', '\ufeff{}', '<html>', '['.repeat(100_000)]) {
    assert.throws(() => parse(text), { code: 'bad-manifest' }, text.slice(0, 10));
  }
  assert.throws(() => parseManifest(Uint8Array.of(0x22, 0xff, 0x22)), /not JSON/);
  assert.throws(() => parseManifest(new Uint8Array(5 * 1024 * 1024)), /larger than 4194304 bytes/);
});
