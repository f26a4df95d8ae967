import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHash } from 'node:crypto';
import { parseReference } from '#oci';
import { digestOf, makeImage, makeLayer } from '../testing/oci-image.ts';
import { type Handler, WebServer } from '../testing/web-server.ts';
import { readBlob } from './read-blob.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { fetchConfig, fetchManifest } from './fetch-manifest.ts';
import { RegistryClient } from './registry-client.ts';

const image = makeImage([makeLayer('file', 'content')]);
const policy = { plainHttp: true, verifyCertificates: true, retryWaits: [1, 1] };

function open(server: WebServer, credentials?: Credentials): RegistryClient {
  return new RegistryClient({ registry: server.host, policy, credentials: async () => credentials }, 'team/app');
}

const BASIC: Credentials = { kind: 'basic', user: 'u', password: 'p' };
const manifestHandler: Handler = (request, response) => {
  if (request.url === '/v2/') response.end();
  else response.writeHead(200, { 'content-type': image.mediaType }).end(image.manifest);
};
const fetchLatest = (client: RegistryClient, server: WebServer, suffix = ':latest') =>
  fetchManifest(client, parseReference(`${server.host}/team/app${suffix}`));

test('parseChallenges, bearer and basic in one header, both', () => {
  assert.deepEqual(parseChallenges('Bearer realm="https://a/t",service="x, y",scope=z, Basic realm="q \\"r\\""'), [
    { scheme: 'bearer', parameters: { realm: 'https://a/t', service: 'x, y', scope: 'z' } },
    { scheme: 'basic', parameters: { realm: 'q "r"' } },
  ]);
});

test('parseChallenges, rubbish, what could be read', () => {
  assert.deepEqual(parseChallenges('\u0001'), []);
  assert.deepEqual(parseChallenges('Basic'), [{ scheme: 'basic', parameters: {} }]);
  assert.deepEqual(parseChallenges('Bearer realm="unclosed'), [{ scheme: 'bearer', parameters: {} }]);
});

test('fetchManifest, bearer challenge, one token for all requests', async () => {
  let tokens = 0;
  await using server = await WebServer.start((request, response) => {
    if (request.url!.startsWith('/token')) {
      tokens++;
      assert.equal(request.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
      const query = new URL(request.url!, 'http://x').searchParams;
      assert.deepEqual([query.get('scope'), query.get('service')], ['repository:team/app:pull', 'reg']);
      response.end(JSON.stringify({ token: 'tok', expires_in: 300 }));
    } else if (request.url !== '/v2/' && request.headers.authorization !== 'Bearer tok') {
      const realm = `http://${request.headers.host}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="reg"` }).end();
    } else manifestHandler(request, response);
  });
  using client = open(server, BASIC);
  await fetchLatest(client, server);
  await fetchLatest(client, server);
  assert.equal(tokens, 1);
});

test('fetchManifest, identity token, exchanged by POST', async () => {
  await using server = await WebServer.start(async (request, response) => {
    if (request.url!.startsWith('/token')) {
      let body = '';
      for await (const chunk of request) body += chunk;
      const form = new URLSearchParams(body);
      assert.deepEqual([request.method, form.get('grant_type'), form.get('refresh_token')], ['POST', 'refresh_token', 'idt']);
      response.end(JSON.stringify({ access_token: 'tok' }));
    } else if (request.url !== '/v2/' && request.headers.authorization !== 'Bearer tok') {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` }).end();
    } else manifestHandler(request, response);
  });
  using client = open(server, { kind: 'identity-token', token: 'idt' });
  await fetchLatest(client, server);
});

test('fetchManifest, basic challenge, credentials are sent; without any, unauthorized', async () => {
  await using server = await WebServer.start((request, response) => {
    const ok = request.url === '/v2/' || request.headers.authorization === `Basic ${Buffer.from('u:p').toString('base64')}`;
    if (ok) return manifestHandler(request, response);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' });
    response.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'go away, token=abcdef' }] }));
  });
  using client = open(server, BASIC);
  await fetchLatest(client, server);
  using anonymous = open(server);
  await assert.rejects(fetchLatest(anonymous, server), (error: Error & { code: string }) => {
    assert.equal(error.code, 'unauthorized');
    assert.match(error.message, /registry answered 401: UNAUTHORIZED go away/);
    assert.doesNotMatch(error.message, /abcdef/);
    return true;
  });
});

test('fetchManifest, challenge of a stranger after a redirect, gets no credentials', async () => {
  await using stranger = await WebServer.start((_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="mine"' }).end();
  });
  await using server = await WebServer.start((request, response) => {
    if (request.url === '/v2/') response.end();
    else response.writeHead(307, { location: `${stranger.origin}/` }).end();
  });
  using client = open(server, BASIC);
  await assert.rejects(fetchLatest(client, server), { code: 'unauthorized' });
  assert.ok(stranger.requests.every(({ headers }) => headers.authorization === undefined));
});

test('fetchManifest, another manifest than the digest asked for, refused', async () => {
  await using server = await WebServer.start((request, response) => {
    response.setHeader('docker-content-digest', `sha256:${'0'.repeat(64)}`);
    manifestHandler(request, response);
  });
  using client = open(server);
  await assert.rejects(fetchLatest(client, server, `@sha256:${'0'.repeat(64)}`), { code: 'digest-mismatch' });
  const { digest } = await fetchLatest(client, server, `@${digestOf(image.manifest)}`);
  assert.equal(digest, digestOf(image.manifest));
});

test('fetchManifest, endless manifest, too large', async () => {
  await using server = await WebServer.start((request, response) => {
    if (request.url === '/v2/') return void response.end();
    response.end(Buffer.alloc(5 << 20, ' '));
  });
  using client = open(server);
  await assert.rejects(fetchLatest(client, server), { code: 'too-large' });
});

test('fetchConfig, other bytes than the digest says, refused', async () => {
  await using server = await WebServer.start((_, response) => response.end('{}'));
  using client = open(server);
  const digest = digestOf(image.config);
  await assert.rejects(fetchConfig(client, { mediaType: 'x', digest, size: 2 }), { code: 'digest-mismatch' });
  await assert.rejects(fetchConfig(client, { mediaType: 'x', digest, size: 3 }), { code: 'digest-mismatch' });
});

const blob = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const identity = { digest: digestOf(blob), size: blob.length };

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** Answers ranges, and breaks the connection after `breakAfter` bytes of the first answers. */
function blobHandler(breaks: number, ranges: boolean): Handler {
  let left = breaks;
  return (request, response) => {
    if (request.url === '/v2/') return void response.end();
    const from = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    const body = blob.subarray(from);
    const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` };
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': body.length, ...range });
    if (left-- <= 0) return void response.end(body);
    response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
  };
}

for (const ranges of [true, false]) {
  test(`readBlob, connection breaks twice, server ${ranges ? 'with' : 'without'} ranges, whole blob`, async () => {
    await using server = await WebServer.start(blobHandler(2, ranges));
    using client = open(server);
    assert.equal(await readAll(readBlob(client, identity, { retryWaits: [1, 1, 1] })), identity.digest);
  });
}

test('readBlob, from a partial, asks for the rest only', async () => {
  await using server = await WebServer.start(blobHandler(0, true));
  using client = open(server);
  const rest = readBlob(client, identity, { from: 299_000 });
  assert.equal(await readAll(rest), digestOf(blob.subarray(299_000)));
  assert.equal(server.requests.at(-1)!.headers.range, 'bytes=299000-');
});

test('readBlob, blob longer or shorter than said, refused', async () => {
  await using server = await WebServer.start(blobHandler(0, false));
  using client = open(server);
  await assert.rejects(readAll(readBlob(client, { ...identity, size: 1000 })), { code: 'digest-mismatch' });
  const longer = { ...identity, size: blob.length + 1 };
  await assert.rejects(readAll(readBlob(client, longer, { retryWaits: [1] })), { code: 'digest-mismatch' });
});
