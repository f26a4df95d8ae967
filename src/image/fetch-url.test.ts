import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { findImage } from './find-image.ts';
import { Gpg } from './testing/gpg.ts';
import { Sandbox } from './testing/sandbox.ts';
import { type Handler, WebServer } from './testing/web-server.ts';

const UPDATE = { pullPolicy: 'update' } as const;
let box: Sandbox;
let gpg: Gpg;
let key: string;
let aci: Buffer;
let signature: Buffer;

before(() => {
  gpg = new Gpg();
  key = gpg.makeKey('signer@example.com');
});
after(() => gpg[Symbol.dispose]());
beforeEach(() => {
  box = new Sandbox();
  const path = box.makeAci('example.com/app', { text: 'x'.repeat(300_000) });
  aci = readFileSync(path);
  signature = gpg.sign(key, path);
});
afterEach(() => box[Symbol.dispose]());

function trusting(insecure?: string) {
  const ctx = box.context(insecure);
  ctx.keystore.add(undefined, key, gpg.publicKey(key));
  return ctx;
}

/** Serves the image and its signature. @param sendAci instead of all of it at once */
function serve(sendAci?: Handler, sendSignature?: (response: ServerResponse) => void): Handler {
  return (request, response) => {
    if (!request.url!.endsWith('.asc')) return sendAci === undefined ? void response.end(aci) : sendAci(request, response);
    if (sendSignature === undefined) response.end(signature);
    else sendSignature(response);
  };
}

const partials = () => readdirSync(box.store.temporaryDirectory()).filter((name) => name.startsWith('aci-'));

test('findImage, signed URL, imported and nothing left behind', async () => {
  await using server = await WebServer.start(serve());
  const url = `${server.origin}/app.aci`;
  const id = await findImage(url, UPDATE, trusting());
  assert.equal(box.store.get(id)?.manifest.name, 'example.com/app');
  assert.deepEqual(server.requests.map((request) => request.url), ['/app.aci.asc', '/app.aci']);
  assert.ok(box.lines.includes(`image: remote fetching from URL "${url}"`));
  assert.ok(box.lines.includes(`image: fetching image from ${url}`));
  assert.deepEqual(partials(), []);
  assert.equal(await findImage(url, { pullPolicy: 'new' }, trusting()), id);
  assert.ok(box.lines.includes(`image: using image from local store for url ${url}`));
});

test('findImage, URL without a signature, refused', async () => {
  await using server = await WebServer.start(serve(undefined, (response) => response.writeHead(404).end()));
  await assert.rejects(findImage(`${server.origin}/app.aci`, UPDATE, trusting()), {
    message: 'error downloading the signature file: bad HTTP status code: 404',
  });
});

test('findImage, URL signed by a stranger, refused and nothing left behind', async () => {
  await using server = await WebServer.start(serve());
  await assert.rejects(findImage(`${server.origin}/app.aci`, UPDATE, box.context()), { code: 'unknown-signer' });
  assert.deepEqual([box.store.list(), partials()], [[], []]);
});

test('findImage, signature deferred, asked for again after the image', async () => {
  let asked = 0;
  const signing = (response: ServerResponse) => (++asked === 1 ? response.writeHead(202).end() : response.end(signature));
  await using server = await WebServer.start(serve(undefined, signing));
  await findImage(`${server.origin}/app.aci`, UPDATE, trusting());
  assert.ok(box.lines.includes('image: server requested deferring the signature download'));
  assert.deepEqual(server.requests.map((request) => request.url), ['/app.aci.asc', '/app.aci', '/app.aci.asc']);
});

test('findImage, signature deferred twice, refused', async () => {
  await using server = await WebServer.start(serve(undefined, (response) => response.writeHead(202).end()));
  await assert.rejects(findImage(`${server.origin}/app.aci`, UPDATE, trusting()), /server asked to defer the download again/);
});

test('findImage, URL with max-age, not asked for again while it is fresh', async () => {
  await using server = await WebServer.start((_, response) => {
    response.setHeader('cache-control', 'max-age=60');
    response.end(aci);
  });
  const url = `${server.origin}/app.aci`;
  const id = await findImage(url, UPDATE, box.context('image'));
  assert.equal(await findImage(url, UPDATE, box.context('image')), id);
  assert.equal(server.requests.length, 1);
  assert.ok(box.lines.includes(`image: image for ${url} isn't expired, not fetching.`));
});

test('findImage, URL with an ETag that still holds, not downloaded again', async () => {
  await using server = await WebServer.start((request, response) => {
    if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
    else response.writeHead(200, { etag: '"v1"' }).end(aci);
  });
  const url = `${server.origin}/app.aci`;
  const id = await findImage(url, UPDATE, box.context('image'));
  assert.equal(await findImage(url, UPDATE, box.context('image')), id);
  assert.equal(server.requests.length, 2);
  box.store.remove(id);
  await findImage(url, UPDATE, box.context('image'));
  assert.equal(server.requests[2]!.headers['if-none-match'], undefined);
});

/** Breaks after 100,000 bytes as long as `breaks` lasts. */
function breaking(version: () => string, breaks: { left: number }): Handler {
  return (request, response) => {
    const from = request.headers['if-range'] === version() ? Number(/bytes=(\d+)-/.exec(request.headers.range!)![1]) : 0;
    const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${aci.length - 1}/${aci.length}` };
    response.writeHead(from === 0 ? 200 : 206, { etag: version(), 'content-length': aci.length - from, ...range });
    if (breaks.left-- <= 0) return void response.end(aci.subarray(from));
    response.write(aci.subarray(from, from + 100_000), () => setTimeout(() => response.destroy(), 20));
  };
}

test('findImage, download breaks once, goes on where it was', async () => {
  await using server = await WebServer.start(breaking(() => '"v1"', { left: 1 }));
  await findImage(`${server.origin}/app.aci`, UPDATE, box.context('image'));
  assert.match(server.requests.at(-1)!.headers.range!, /^bytes=[1-9]\d*-$/);
});

test('findImage, download interrupted and the file changed meanwhile, begins anew', async () => {
  let version = '"v1"';
  let refuse = true;
  const breaks = { left: 1 };
  await using server = await WebServer.start((request, response) => {
    if (breaks.left <= 0 && refuse) return void response.writeHead(403).end();
    breaking(() => version, breaks)(request, response);
  });
  const url = `${server.origin}/app.aci`;
  await assert.rejects(findImage(url, UPDATE, box.context('image')), /bad HTTP status code: 403/);
  assert.equal(partials().length, 2);
  [version, refuse] = ['"v2"', false];
  await findImage(url, UPDATE, box.context('image'));
  assert.equal(server.requests.at(-1)!.headers['if-range'], '"v1"');
  assert.deepEqual(partials(), []);
});

test('findImage, https of an unknown authority, refused unless tls is switched off; auth.d is obeyed', async () => {
  await using server = await WebServer.startSecure(box.root, (request, response) => {
    if (request.headers.authorization === 'Bearer sometoken') response.end(aci);
    else response.writeHead(401).end();
  });
  const url = `${server.origin}/app.aci`;
  await assert.rejects(findImage(url, UPDATE, box.context('image')), { code: 'connection-failed' });
  await assert.rejects(findImage(url, UPDATE, box.context('image,tls')), /bad HTTP status code: 401/);
  mkdirSync(box.path('local/auth.d'), { recursive: true });
  const auth = { rktKind: 'auth', rktVersion: 'v1', domains: [server.host], type: 'oauth', credentials: { token: 'sometoken' } };
  writeFileSync(box.path('local/auth.d/a.json'), JSON.stringify(auth));
  await findImage(url, UPDATE, box.context('image,tls'));
  assert.ok(box.lines.includes('image: warning: TLS verification has been disabled'));
});

test('findImage, two at once of one URL, the second waits and both succeed', async () => {
  await using server = await WebServer.start((_, response) => setTimeout(() => response.end(aci), 50));
  const url = `${server.origin}/app.aci`;
  const ids = await Promise.all([1, 2].map(() => findImage(url, UPDATE, box.context('image'))));
  assert.equal(ids[0], ids[1]);
  assert.ok(box.lines.includes('image: another rkt instance is downloading this file, waiting...'));
});
