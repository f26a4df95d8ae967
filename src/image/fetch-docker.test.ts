import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { MEDIA_TYPES } from '#oci';
import { findImage } from './find-image.ts';
import { DockerRegistry } from './testing/docker-registry.ts';
import { digestOf, makeImage, makeLayer } from './testing/oci-image.ts';
import { Sandbox } from './testing/sandbox.ts';
import { WebServer } from './testing/web-server.ts';

let registry: DockerRegistry;
let box: Sandbox;

before(async () => {
  registry = await DockerRegistry.start();
});
after(() => registry[Symbol.asyncDispose]());
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box[Symbol.dispose]());

const image = makeImage([makeLayer('base', 'base\n'), makeLayer('top', 'top\n')], {
  Entrypoint: ['/bin/server'],
  Cmd: ['--port', '80'],
  User: 'web',
  Env: ['PATH=/bin', 'A=1'],
  WorkingDir: '/srv',
  ExposedPorts: { '80/tcp': {} },
  Volumes: { '/data': {} },
  Labels: { maintainer: 'me' },
});
const FETCH = { pullPolicy: 'update' } as const;

test('findImage, docker:// of a tag, layers and manifest in the store', async () => {
  await registry.push('team/app', '1.2', image);
  const id = await findImage(`docker://${registry.host}/team/app:1.2`, FETCH, box.context('image,http'));
  const { manifest, layers } = box.store.get(id)!;
  assert.equal(manifest.name, `${registry.host.replace(':', '_')}/team/app`);
  assert.deepEqual(manifest.labels, [
    { name: 'arch', value: 'amd64' },
    { name: 'os', value: 'linux' },
    { name: 'version', value: '1.2' },
  ]);
  assert.deepEqual(manifest.app, {
    exec: ['/bin/server', '--port', '80'],
    user: 'web',
    group: 'web',
    workingDirectory: '/srv',
    environment: [{ name: 'PATH', value: '/bin' }, { name: 'A', value: '1' }],
    mountPoints: [{ name: 'volume-data', path: '/data' }],
    ports: [{ name: '80-tcp', protocol: 'tcp', port: 80, count: 1, socketActivated: false }],
    userLabels: { maintainer: 'me' },
  });
  const annotations = new Map(manifest.annotations?.map(({ name, value }) => [name, value]));
  assert.equal(annotations.get('appc.io/docker/manifesthash'), digestOf(image.manifest));
  assert.equal(annotations.get('appc.io/docker/entrypoint'), '["/bin/server"]');
  assert.equal(layers?.length, 2);
  const { lowerDirs } = await box.store.tree(id);
  assert.equal(readFileSync(join(lowerDirs[0]!, 'top'), 'utf8'), 'top\n');
  assert.ok(box.events.some(({ kind, done, total }) => kind === 'layer' && done === total));
});

test('findImage, docker:// again, nothing downloaded and the same ID', async () => {
  await registry.push('team/again', 'latest', image);
  const text = `docker://${registry.host}/team/again`;
  const id = await findImage(text, FETCH, box.context('image,http'));
  box.events.length = 0;
  assert.equal(await findImage(text, FETCH, box.context('image,http')), id);
  assert.equal(await findImage(text, { pullPolicy: 'never' }, box.context('image,http')), id);
  assert.ok(box.lines.includes(`image: using image from local store for url ${text}`));
  assert.deepEqual(box.events, []);
  using other = new Sandbox();
  assert.equal(await findImage(text, FETCH, other.context('image,http')), id);
});

test('findImage, docker:// by digest and through an index of Docker, found', async () => {
  const docker = makeImage([makeLayer('file', 'x')], {}, true);
  await registry.push('team/index', 'single', docker);
  const { length: size } = docker.manifest;
  const entry = { mediaType: docker.mediaType, digest: digestOf(docker.manifest), size };
  const platform = { os: 'linux', architecture: 'amd64' };
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifestList, manifests: [{ ...entry, platform }] }),
  );
  await registry.putManifest('team/index', 'multi', index, MEDIA_TYPES.dockerManifestList);
  const ctx = box.context('image,http');
  await findImage(`docker://${registry.host}/team/index:multi`, FETCH, ctx);
  const id = await findImage(`docker://${registry.host}/team/index@${digestOf(index)}`, FETCH, ctx);
  assert.deepEqual(box.store.get(id)?.manifest.labels?.at(-1), { name: 'version', value: digestOf(index) });
});

test('findImage, docker:// of a plain HTTP registry without http allowed, refused', async () => {
  await assert.rejects(findImage(`docker://${registry.host}/x`, FETCH, box.context('image')), {
    code: 'connection-failed',
  });
});

test('findImage, docker:// unknown, not found in the words of the registry', async () => {
  await assert.rejects(findImage(`docker://${registry.host}/team/none:1`, FETCH, box.context('image,http')), {
    code: 'not-found',
    message: /manifest .*team\/none 1: registry answered 404: MANIFEST_UNKNOWN/,
  });
});

test('findImage, docker:// with policy never and not held, refused', async () => {
  await assert.rejects(findImage('docker://busybox', { pullPolicy: 'never' }, box.context('image')), {
    code: 'not-in-store',
    message: /unable to fetch docker image from URL "docker:\/\/busybox"/,
  });
});

test('findImage, docker:// whose layer was interrupted, the next call fetches the rest of it', async () => {
  const noise = randomBytes(400_000);
  const big = makeImage([makeLayer('noise', noise)]);
  const bytes = big.blobs.get(big.layers[0]!)!;
  let broken = true;
  await using server = await WebServer.start((request, response) => {
    if (request.url === '/v2/') return void response.end();
    if (request.url!.includes('/manifests/')) {
      return void response.writeHead(200, { 'content-type': big.mediaType }).end(big.manifest);
    }
    if (request.url!.endsWith(digestOf(big.config))) return void response.end(big.config);
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (broken && from > 0) return void response.writeHead(403).end();
    const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': bytes.length - from, ...range });
    if (!broken) return void response.end(bytes.subarray(from));
    response.write(bytes.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
  });
  const fetching = () => findImage(`docker://${server.host}/big`, FETCH, box.context('image,http'));
  await assert.rejects(fetching(), { code: 'unauthorized' });
  assert.deepEqual(box.store.list(), []);
  broken = false;
  await fetching();
  assert.match(server.requests.at(-1)!.headers.range!, /^bytes=[1-9]\d*-$/);
});

test('findImage, docker:// whose layer has other bytes, refused and not in the store', async () => {
  const layer = image.layers[0]!;
  await using server = await WebServer.start((request, response) => {
    if (request.url === '/v2/') return void response.end();
    if (request.url!.includes('/manifests/')) {
      return void response.writeHead(200, { 'content-type': image.mediaType }).end(image.manifest);
    }
    const bytes = [...image.blobs].find(([digest]) => request.url!.endsWith(digest))![1];
    response.end(request.url!.endsWith(layer) ? Buffer.from(bytes).fill(0, 30, 40) : bytes);
  });
  await assert.rejects(findImage(`docker://${server.host}/lie`, FETCH, box.context('image,http')), { name: 'StoreError' });
  assert.deepEqual(box.store.list(), []);
});
