import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseImageName } from '#appc';
import { discoverablePlace, type Handler, WebServer } from '../testing/web-server.ts';
import { discover, type Tag } from './discover.ts';
import { DISCOVERY_PAGE_LIMIT } from './limits.ts';

const root = { skip: process.getuid!() === 0 ? false : 'needs root: it listens at ports 80 and 443' };
const tagFor = (address: string) => `<meta name="ac-discovery" content="${address} https://images.test/{name}.{ext}">`;

function look(name: string, options: { plainHttp: boolean }, tag: Tag = 'ac-discovery') {
  const lines: string[] = [];
  const report = { info: (text: string) => lines.push(text), debug: (text: string) => lines.push(text), progress: () => {} };
  const found = discover(parseImageName(name), tag, { ...options, verifyCertificates: false }, { authorize: () => ({}), report });
  return found.then(
    ({ endpoints }) => ({ urls: endpoints.map(({ aci }) => aci.href), lines }),
    (error: Error & { code: string }) => ({ code: error.code, message: error.message, lines }),
  );
}

async function secureSite(handler: Handler, body: (address: string, server: WebServer) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-discover-'));
  const place = discoverablePlace();
  try {
    await using server = await WebServer.startSecure(directory, handler, place);
    await body(place.address, server);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('discover, a host without TLS, found with plain HTTP allowed and not without', root, async () => {
  const { address } = discoverablePlace();
  await using server = await WebServer.start((_, response) => response.end(tagFor(address)), { address, port: 80 });
  const refused = await look(`${address}/app`, { plainHttp: false });
  assert.ok('code' in refused && refused.code === 'no-discovery');
  assert.deepEqual(server.requests, []);
  const found = await look(`${address}/app`, { plainHttp: true });
  assert.deepEqual('urls' in found && found.urls, [`https://images.test/${address}/app.aci`]);
});

test('discover, pages that fail, hold no tag for the name, or are too large, the next one above', root, async () => {
  const pages: Record<string, string> = {};
  await secureSite(
    (request, response) => {
      const page = pages[request.url!.split('?')[0]!];
      if (page === undefined) response.writeHead(500).end();
      else response.end(page);
    },
    async (address, server) => {
      pages['/a/b'] = ' '.repeat(DISCOVERY_PAGE_LIMIT + 1) + tagFor(address);
      pages['/a'] = tagFor('other.test');
      pages['/'] = tagFor(address);
      const found = await look(`${address}/a/b/c`, { plainHttp: false });
      assert.deepEqual('urls' in found && found.urls, [`https://images.test/${address}/a/b/c.aci`]);
      assert.deepEqual(found.lines, [
        `image: meta tag 'ac-discovery' not found on ${address}/a/b/c: expected a 200 OK got 500`,
        `image: meta tag 'ac-discovery' not found on ${address}/a/b: discovery page of ${address}/a/b is larger than 1048576 bytes`,
        `image: meta tag 'ac-discovery' not found on ${address}/a`,
      ]);
      assert.deepEqual(server.requests.map(({ url }) => url), ['/a/b/c', '/a/b', '/a', '/'].map((path) => `${path}?ac-discovery=1`));
      const keys = await look(`${address}/a`, { plainHttp: false }, 'ac-discovery-pubkeys');
      assert.ok('code' in keys && keys.message === 'no endpoints discovered: no tag for this name');
    },
  );
});

test('discover, a redirect, followed; from https to plain HTTP, refused though that is allowed', root, async () => {
  let location = '/elsewhere';
  await secureSite(
    (request, response) => {
      if (request.url === '/elsewhere') response.end(tagFor('127.'));
      else response.writeHead(302, { location }).end();
    },
    async (address) => {
      const found = await look(address, { plainHttp: false });
      assert.deepEqual('urls' in found && found.urls, [`https://images.test/${address}.aci`]);
      location = `http://${address}/elsewhere`;
      const refused = await look(address, { plainHttp: true });
      assert.ok('code' in refused && refused.lines.some((text) => text.includes('redirects from https to plain HTTP')));
    },
  );
});
