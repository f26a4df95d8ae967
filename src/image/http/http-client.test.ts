import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Handler, WebServer } from '../testing/web-server.ts';
import { HttpClient, type HttpPolicy, planRedirect } from './http-client.ts';
import { readBody } from './read-body.ts';
import { parseMaxAge } from './cache-control.ts';
import { redactText, redactUrl } from './redact.ts';

const POLICY: HttpPolicy = { plainHttp: true, verifyCertificates: true, retryWaits: [1, 1] };

async function withServer(handler: Handler, body: (server: WebServer, http: HttpClient) => Promise<void>) {
  await using server = await WebServer.start(handler);
  using http = new HttpClient({ ...POLICY, timeouts: { connect: 500, idle: 200 } });
  await body(server, http);
}

test('send, server busy twice, asks a third time', async () => {
  let count = 0;
  await withServer(
    (_, response) => response.writeHead(++count < 3 ? 503 : 200).end('done'),
    async (server, http) => {
      const response = await http.send({ url: new URL(server.origin) });
      assert.equal(response.status, 200);
      assert.equal((await readBody(response.body, 100, 'body')).toString(), 'done');
      assert.match(server.requests[0]!.headers['user-agent']!, /^rkt\//);
    },
  );
});

test('send, connection always reset, connection-failed', async () => {
  await withServer(
    (request) => request.socket.destroy(),
    async (server, http) => {
      await assert.rejects(http.send({ url: new URL(server.origin) }), { code: 'connection-failed' });
      assert.equal(server.requests.length, 3);
    },
  );
});

test('send, server that says nothing, ends by the idle timeout', async () => {
  await withServer(
    () => {},
    async (server, http) => {
      await assert.rejects(http.send({ url: new URL(server.origin) }), /no data for/);
    },
  );
});

test('send, head that comes in drops, ends by the deadline of the answer', async () => {
  await using server = await WebServer.start((request) => {
    const { socket } = request;
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    const timer = setInterval(() => void (socket.destroyed ? clearInterval(timer) : socket.write('x')), 20);
  });
  const timeouts = { connect: 500, idle: 200, answer: 400 };
  using http = new HttpClient({ ...POLICY, timeouts, retryWaits: [] });
  await assert.rejects(http.send({ url: new URL(server.origin) }), /no answer in time/);
});

test('readBody, body that comes in drops, ends by its deadline', async () => {
  await withServer(
    (_, response) => {
      const timer = setInterval(() => void (response.destroyed ? clearInterval(timer) : response.write('x')), 20);
    },
    async (server, http) => {
      const { body } = await http.send({ url: new URL(server.origin) });
      await assert.rejects(readBody(body, 1000, 'page', 300), { code: 'connection-failed', message: 'page: not here in time' });
    },
  );
});

test('send, body that stalls, ends by the idle timeout', async () => {
  await withServer(
    (_, response) => response.write('some'),
    async (server, http) => {
      const { body } = await http.send({ url: new URL(server.origin) });
      await assert.rejects(readBody(body, 100, 'body'));
    },
  );
});

test('send, redirects in a circle, refused after five', async () => {
  await withServer(
    (_, response) => response.writeHead(302, { location: '/' }).end(),
    async (server, http) => {
      await assert.rejects(http.send({ url: new URL(server.origin) }), { code: 'bad-redirect' });
      assert.equal(server.requests.length, 6);
    },
  );
});

test('send, redirect to another port, credentials stay behind', async () => {
  await using target = await WebServer.start((_, response) => response.end('there'));
  await withServer(
    (_, response) => response.writeHead(307, { location: `${target.origin}/x` }).end(),
    async (server, http) => {
      const headers = { Authorization: 'Bearer secret', cookie: 'a=b', accept: 'x' };
      const response = await http.send({ url: new URL(server.origin), headers });
      response.body.resume();
      assert.equal(server.requests[0]!.headers.authorization, 'Bearer secret');
      const received = target.requests[0]!.headers;
      assert.deepEqual([received.authorization, received.cookie, received.accept], [undefined, undefined, 'x']);
    },
  );
});

test('send, plain http where it is not allowed, refused', async () => {
  using http = new HttpClient({ ...POLICY, plainHttp: false });
  await assert.rejects(http.send({ url: new URL('http://127.0.0.1:1/') }), { code: 'insecure-transport' });
});

test('planRedirect, https to http or to a file, refused', () => {
  const request = { url: new URL('https://a.com/') };
  assert.throws(() => planRedirect(request, 'http://a.com/', 302), { code: 'bad-redirect' });
  assert.throws(() => planRedirect(request, 'file:///etc/passwd', 302), { code: 'bad-redirect' });
});

test('planRedirect, POST, its body goes nowhere else', () => {
  const request = { url: new URL('https://a.com/'), method: 'POST', body: 'refresh_token=x' } as const;
  assert.equal(planRedirect(request, 'https://b.com/', 307).body, undefined);
  assert.equal(planRedirect(request, '/other', 307).body, 'refresh_token=x');
  assert.equal(planRedirect(request, '/other', 302).method, 'GET');
});

test('readBody, longer than allowed, too large', async () => {
  await withServer(
    (_, response) => response.end(Buffer.alloc(1000)),
    async (server, http) => {
      const { body } = await http.send({ url: new URL(server.origin) });
      await assert.rejects(readBody(body, 999, 'token'), { code: 'too-large', message: 'token is larger than 999 bytes' });
    },
  );
});

test('parseMaxAge, directives of all kinds, seconds or 0', () => {
  const cases: [string | undefined, number][] = [
    [undefined, 0],
    ['max-age=10', 10],
    ['public, Max-Age=3600', 3600],
    ['max-age=10, no-cache', 0],
    ['no-store', 0],
    ['max-age=-1', 0],
    ['max-age=010', 0],
    ['max-age=x', 0],
  ];
  for (const [header, seconds] of cases) assert.equal(parseMaxAge(header), seconds, String(header));
});

test('redactUrl, credentials and query, hidden', () => {
  assert.equal(redactUrl('https://user:pw@a.com/x?sig=secret#f'), 'https://a.com/x?…');
});

test('redactText, tokens, control characters and length, hidden or cut', () => {
  const text = redactText('bad \u001b[31mtoken=abc123 Bearer eyJhbGciOi.J9.x https://u:p@h/');
  assert.doesNotMatch(text, /abc123|eyJ|u:p|\p{Cc}/u);
  assert.ok(redactText('x'.repeat(5000)).length < 400);
});
