import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AciSite, needs, startAciSite } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root', 'openssl');
const success = 'AuthenticationSucceeded.';
const failure = 'bad HTTP status code: 401';

type Credentials = { type: string; credentials: object };
const basic = { type: 'basic', credentials: { user: 'bar', password: 'baz' } };
const oauth = { type: 'oauth', credentials: { token: 'sometoken' } };
const wrong = { type: 'oauth', credentials: { token: 'someobviouslywrongtoken' } };
const headers = new Map<Credentials, string>([
  [basic, `Basic ${Buffer.from('bar:baz').toString('base64')}`],
  [oauth, 'Bearer sometoken'],
]);

/** A site whose image is for those only who show the credentials. @returns the image's URL */
function publish(site: AciSite, scene: Scene, credentials: Credentials): string {
  const bytes = readFileSync(scene.makeAci('auth.aci', { app: { exec: ['/bin/echo', success] } }));
  site.files.set('/auth.aci', (request, response) => {
    if (request.headers.authorization === headers.get(credentials)) response.end(bytes);
    else response.writeHead(401).end();
  });
  return `${site.origin}/auth.aci`;
}

function configure(directory: string, site: AciSite, credentials: Credentials, path = 'auth.d/test.json'): void {
  mkdirSync(join(directory, path, '..'), { recursive: true });
  writeFileSync(join(directory, path), JSON.stringify({ rktKind: 'auth', rktVersion: 'v1', domains: [site.domain], ...credentials }));
}

async function expectRun(scene: Scene, url: string, expected: string): Promise<void> {
  const run = ['run', '--net=none', '--pull-policy=update', url];
  const { output } = await scene.rkt(['--debug', '--insecure-options=image,tls', ...run], { status: 'any' });
  assert.ok(output.includes(expected), `${expected} in ${output}`);
}

for (const credentials of [basic, oauth]) {
  test(`run, an image behind ${credentials.type} auth, needs configuration of any directory`, root, async () => {
    await using site = await startAciSite(0);
    await using scene = openScene();
    const url = publish(site, scene, credentials);
    const { output } = await scene.rkt(['--insecure-options=tls', 'fetch', url], { status: 254 });
    assert.match(output, /error downloading the signature file/);
    await expectRun(scene, url, failure);
    configure(scene.home.systemConfig, site, credentials);
    await expectRun(scene, url, success);
    await scene.rkt(['image', 'rm', 'example.com/busybox']);
    configure(scene.home.systemConfig, site, wrong);
    await expectRun(scene, url, failure);
    configure(scene.home.localConfig, site, credentials);
    await expectRun(scene, url, success);
  });
}

test('run, valid auth of the system and invalid local auth, the local one counts', root, async () => {
  await using site = await startAciSite(0);
  await using scene = openScene();
  const url = publish(site, scene, oauth);
  configure(scene.home.systemConfig, site, oauth);
  configure(scene.home.localConfig, site, wrong);
  await expectRun(scene, url, failure);
});

test('run, auth in files that are none and in directories below, is not found', root, async () => {
  await using site = await startAciSite(0);
  await using scene = openScene();
  const url = publish(site, scene, oauth);
  for (const directory of [scene.home.systemConfig, scene.home.localConfig]) {
    configure(directory, site, oauth, 'auth.d/test.notjson');
    configure(directory, site, oauth, 'subdir/auth.d/test.json');
    writeFileSync(join(directory, 'auth.d/README'), 'This is a configuration');
  }
  await expectRun(scene, url, failure);
});

test('fetch, a redirect to another host, gets its own credentials there and none of the first', root, async () => {
  await using scene = openScene();
  await using first = await startAciSite(0);
  await using second = await startAciSite(0);
  const target = publish(second, scene, oauth);
  const seen: (string | undefined)[] = [];
  first.files.set('/auth.aci', (request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(302, { location: target }).end();
  });
  configure(scene.home.localConfig, first, basic);
  const fetch = ['--insecure-options=image,tls', 'fetch', `${first.origin}/auth.aci`];
  assert.ok((await scene.rkt(fetch, { status: 254 })).output.includes(failure));
  configure(scene.home.localConfig, second, oauth, 'auth.d/second.json');
  assert.match((await scene.rkt(fetch)).stdout, /^sha512-/);
  assert.deepEqual(seen, [headers.get(basic), headers.get(basic)]);
});

test('fetch, auth of type aws, sends a signature of this request', root, async () => {
  await using site = await startAciSite(0);
  await using scene = openScene();
  const bytes = readFileSync(scene.aci);
  const seen: string[] = [];
  site.files.set('/bucket/a.aci', (request, response) => {
    seen.push(`${request.headers.authorization} ${request.headers['x-amz-content-sha256']}`);
    response.end(bytes);
  });
  configure(scene.home.localConfig, site, { type: 'aws', credentials: { accessKeyID: 'AKID', secretAccessKey: 's', awsRegion: 'eu-west-1' } });
  await scene.rkt(['--insecure-options=image,tls', 'fetch', `${site.origin}/bucket/a.aci`]);
  assert.match(seen[0]!, /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64} e3b0c442/);
});
