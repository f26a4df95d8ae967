import assert from 'node:assert/strict';
import { parseImageManifest, parsePodManifest, renderImageManifest } from '#appc';
import { layersOf, MEDIA_TYPES, parseImageConfig, parseManifest, parseReference, selectPlatform } from '#oci';
import { planImageManifest } from '../../../src/image/convert/image-manifest.ts';
import { mutateJson } from '../mutate.ts';
import type { Random } from '../random.ts';
import { subjectOf, type Target } from '../target.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const labels = [{ name: 'version', value: '1' }, { name: 'os', value: 'linux' }, { name: 'arch', value: 'amd64' }];
const ACI = {
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/app',
  labels,
  app: {
    exec: ['/bin/x'], user: '0', group: '0', environment: [{ name: 'A', value: 'b' }], workingDirectory: '/',
    mountPoints: [{ name: 'data', path: '/data', readOnly: true }],
    ports: [{ name: 'http', protocol: 'tcp', port: 80, count: 1, socketActivated: false }],
    isolators: [{ name: 'resource/memory', value: { limit: '1Gi' } }, { name: 'os/linux/seccomp-retain-set', value: { set: ['open'] } }],
    eventHandlers: [{ name: 'pre-start', exec: ['/bin/y'] }],
  },
  dependencies: [{ imageName: 'example.com/base', imageID: 'sha512-ab', labels, size: 5 }],
  pathWhitelist: ['/a'],
  annotations: [{ name: 'created', value: '2016-01-01T00:00:00Z' }],
};
const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 5 };
const OCI = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: { ...descriptor, mediaType: MEDIA_TYPES.ociConfig }, layers: [descriptor] };
const INDEX = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociIndex,
  manifests: [{ mediaType: MEDIA_TYPES.ociManifest, digest, size: 5, platform: { os: 'linux', architecture: 'amd64', variant: 'v8' } }],
};
const CONFIG = {
  os: 'linux', architecture: 'amd64', created: '2016-01-01T00:00:00Z',
  config: { Cmd: ['a'], Entrypoint: ['b'], Env: ['A=b'], User: 'u:g', WorkingDir: '/', ExposedPorts: { '80/tcp': {} }, Volumes: { '/v': {} }, Labels: { a: 'b' } },
  rootfs: { type: 'layers', diff_ids: [digest] },
  history: [{ created: '2016-01-01T00:00:00Z' }],
};

export const manifests: Target = {
  name: 'manifests',
  limit: 2000,
  open: async () => subjectOf((random) => random.pick([checkAci, checkPod, checkManifest, checkConfig])(random)),
};

function checkAci(random: Random): void {
  const text = renderImageManifest(parseImageManifest(mutateJson(ACI, random)));
  assert.equal(renderImageManifest(parseImageManifest(text)), text);
}

function checkPod(random: Random): void {
  const app = { name: 'a', image: { id: `sha512-${'0'.repeat(64)}`, name: 'x', labels }, app: ACI.app, mounts: [{ volume: 'v', path: '/v' }] };
  const volumes = [{ name: 'v', kind: 'empty', mode: '0755', uid: 0, gid: 0 }];
  parsePodManifest(mutateJson({ acKind: 'PodManifest', acVersion: '0.8.11', apps: [app], volumes, ports: [{ name: 'http', hostPort: 80 }] }, random));
}

function checkManifest(random: Random): void {
  const bytes = Buffer.from(mutateJson(random.pick([OCI, INDEX]), random));
  const parsed = parseManifest(bytes, random.pick([undefined, 'x', MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList]));
  if (parsed.kind === 'index') selectPlatform(parsed, { os: 'linux', architecture: 'amd64' });
  else layersOf(parsed, parseImageConfig(Buffer.from(JSON.stringify(CONFIG))));
}

function checkConfig(random: Random): void {
  const config = parseImageConfig(Buffer.from(mutateJson(CONFIG, random)));
  const reference = parseReference('example.com/app:1');
  const manifestDigest = parseReference(`a/b@${digest}`).digest!;
  const manifest = planImageManifest({ reference, originalName: 'example.com/app:1', config, configDigest: manifestDigest, manifestDigest });
  parseImageManifest(renderImageManifest(manifest));
}
