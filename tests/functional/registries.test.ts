import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AciSite, makeOciLayout, needs, startAciSite } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root', 'openssl');

/** Serves an image as a registry would at `/v2/REPOSITORY`. @param admit answers whoever may not come in */
function publish(site: AciSite, scene: Scene, repository: string, admit?: (request: IncomingMessage, response: ServerResponse) => boolean): void {
  const directory = scene.home.file(`root-${site.host}`);
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), 'content');
  const layout = scene.home.file(`layout-${site.host}`);
  makeOciLayout(layout, { layers: [{ directory }], config: { Cmd: ['/file'] } });
  const blob = (name: string): Buffer => readFileSync(join(layout, 'blobs/sha256', name));
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string; mediaType: string }[] };
  const { digest, mediaType } = manifests[0]!;
  const serve = (path: string, bytes: Buffer, type = 'application/octet-stream'): void => {
    site.files.set(path, (request, response) => {
      if (admit === undefined || admit(request, response)) response.writeHead(200, { 'content-type': type }).end(bytes);
    });
  };
  serve('/v2/', Buffer.from('{}'));
  for (const name of [digest, '1.0']) serve(`/v2/${repository}/manifests/${name}`, blob(digest.slice('sha256:'.length)), mediaType);
  for (const name of readdirSync(join(layout, 'blobs/sha256'))) serve(`/v2/${repository}/blobs/sha256:${name}`, blob(name));
}

function configure(scene: Scene, name: string, settings: object): void {
  mkdirSync(join(scene.home.localConfig, 'registries.d'), { recursive: true });
  const text = JSON.stringify({ rktKind: 'registry', rktVersion: 'v1', ...settings });
  writeFileSync(join(scene.home.localConfig, 'registries.d', `${name}.json`), text);
}

test('fetch, a registry with mirrors, from the first mirror that has the image, under the name asked for', root, async () => {
  await using empty = await startAciSite(0);
  await using mirror = await startAciSite(0);
  await using scene = openScene();
  publish(mirror, scene, 'hub/library/app');
  configure(scene, 'hub', { registries: ['docker.io'], mirrors: ['127.0.0.1:1', empty.domain, `${mirror.domain}/hub`] });
  configure(scene, 'empty', { registries: [empty.domain], insecure: ['tls'] });
  configure(scene, 'mirror', { registries: [mirror.domain], caFile: mirror.certificate });
  const { output, stdout } = await scene.insecure(['fetch', 'docker://app:1.0']);
  assert.match(output, /image: mirror 127\.0\.0\.1:1: cannot reach .*; trying the next place/);
  assert.match(output, new RegExp(`image: mirror ${empty.domain}: manifest .* registry answered 404; trying the next place`));
  assert.equal(empty.requests[0], 'GET /v2/library/app/manifests/1.0');
  const manifest = await scene.rkt(['image', 'cat-manifest', stdout.trim()]);
  assert.match(manifest.stdout, /"name": ?"registry-1\.docker\.io\/library\/app"/);
  const config = JSON.parse((await scene.rkt(['config'])).stdout) as { stage0: { registries?: string[] }[] };
  assert.deepEqual(config.stage0.find(({ registries }) => registries?.[0] === 'docker.io'), {
    rktVersion: 'v1',
    rktKind: 'registry',
    registries: ['docker.io'],
    mirrors: ['127.0.0.1:1', empty.domain, `${mirror.domain}/hub`],
    insecure: [],
    caFile: '',
  });
});

test('fetch, a registry with a certificate of nobody, needs its caFile or insecure tls', root, async () => {
  await using site = await startAciSite(0);
  await using scene = openScene();
  publish(site, scene, 'team/app');
  const fetch = ['fetch', `docker://${site.domain}/team/app:1.0`];
  assert.match((await scene.insecure(fetch, { status: 254 })).output, /self-signed certificate/);
  for (const settings of [{ caFile: site.certificate }, { insecure: ['tls'] }]) {
    configure(scene, 'site', { registries: [site.domain], ...settings });
    await scene.insecure([...fetch, '--pull-policy=update']);
  }
  configure(scene, 'site', { registries: [site.domain], caFile: scene.home.file('none.pem') });
  assert.match((await scene.insecure(fetch, { status: 254 })).output, /cannot read the caFile of a registry: open \/.*\/none\.pem: no such file or directory/);
});

test('fetch, a credential helper of docker, is asked for the registry and its answer used', root, async () => {
  await using site = await startAciSite(0);
  await using scene = openScene();
  const expected = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
  publish(site, scene, 'team/app', (request, response) => {
    if (request.headers.authorization === expected) return true;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="site"' }).end();
    return false;
  });
  configure(scene, 'site', { registries: [site.domain], caFile: site.certificate });
  const programs = scene.home.file('programs');
  mkdirSync(programs);
  const helper = join(programs, 'docker-credential-rkttest');
  writeFileSync(helper, `#!/bin/sh
read server
echo "$1 $server" >> ${scene.home.file('asked')}
[ "$server" = "${site.domain}" ] || { echo 'credentials not found in native keychain'; exit 1; }
echo '{"ServerURL":"'$server'","Username":"me","Secret":"s3cret"}'
`);
  chmodSync(helper, 0o755);
  const env = { PATH: `${programs}:${process.env['PATH']}`, DOCKER_CONFIG: scene.home.path, REGISTRY_AUTH_FILE: '' };
  const fetch = ['fetch', `docker://${site.domain}/team/app:1.0`];
  const refused = await scene.insecure(fetch, { env, status: 254 });
  assert.match(refused.output, /registry answered 401/);
  for (const file of [{ credHelpers: { [site.domain]: 'rkttest' } }, { credsStore: 'rkttest' }]) {
    writeFileSync(scene.home.file('config.json'), JSON.stringify(file));
    const { output } = await scene.insecure([...fetch, '--pull-policy=update'], { env });
    assert.ok(!output.includes('s3cret'));
  }
  assert.equal(readFileSync(scene.home.file('asked'), 'utf8'), `get ${site.domain}\n`.repeat(2));
});

/** A proxy that connects everything to one port. */
async function startProxy(target: AciSite): Promise<AsyncDisposable & { url: string; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const port = Number(target.domain.split(':')[1]);
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const upstream = connect(port, target.host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('fetch, a proxy in the environment, asks it to connect, unless NO_PROXY names the host', root, async () => {
  await using site = await startAciSite(0);
  await using proxy = await startProxy(site);
  await using scene = openScene();
  publish(site, scene, 'team/app');
  site.files.set('/app.aci', readFileSync(scene.aci));
  site.discover('/', [`https://images.example.test/app.aci?{ext}`]);
  const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: '' };
  const flags = ['--insecure-options=image,tls'];
  await scene.rkt([...flags, 'fetch', 'docker://registry.example.test/team/app:1.0'], { env });
  assert.deepEqual(new Set(proxy.asked), new Set(['CONNECT registry.example.test:443']));
  proxy.asked.length = 0;
  await scene.rkt([...flags, 'fetch', 'https://images.example.test/app.aci'], { env });
  assert.deepEqual(proxy.asked, ['CONNECT images.example.test:443']);
  await scene.rkt([...flags, 'fetch', 'discover.example.test/app'], { env, status: 254 });
  assert.ok(proxy.asked.includes('CONNECT discover.example.test:443'), String(proxy.asked));
  proxy.asked.length = 0;
  await scene.rkt([...flags, 'fetch', '--pull-policy=update', `docker://${site.domain}/team/app:1.0`], { env: { ...env, NO_PROXY: site.host } });
  assert.deepEqual(proxy.asked, []);
});
