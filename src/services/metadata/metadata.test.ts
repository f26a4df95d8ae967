import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { registerPod, serveMetadata, unregisterPod } from './index.ts';
import { passedSocket } from './serve-metadata.ts';

const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';
const other = '0f746094-3438-42bc-ab37-3cf85f132e60';
const id = `sha512-${'ab'.repeat(32)}`;
const labels = [{ name: 'os', value: 'linux' }, { name: 'arch', value: 'amd64' }];
const image = {
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/web',
  labels,
  annotations: [{ name: 'authors', value: 'image' }, { name: 'coreos.com/rkt/x', value: 'of the image' }],
};
const app = { name: 'web', image: { name: 'example.com/web', id, labels }, annotations: [{ name: 'authors', value: 'pod' }] };
const manifest = { acKind: 'PodManifest', acVersion: '0.8.11', apps: [app], volumes: [], isolators: [], annotations: [{ name: 'ip-address', value: '10.1.2.3' }], ports: [] };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Service {
  readonly socket: string;
  readonly port: number;
  readonly log: string[];
  /** What a guest gets at `/TOKEN/acMetadata/v1` + path. */
  ask(token: string, path: string, form?: Record<string, string>): Promise<{ status: number; type: string | null; body: string }>;
  put(path: string, body: string, method?: string): Promise<{ status: number; body: string }>;
}

async function service(t: TestContext): Promise<Service> {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-mds-'));
  const [socket, port, log] = [join(directory, 'run/mds.sock'), await freePort(), [] as string[]];
  const stop = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const note = (text: string): void => {
    log.push(text);
    if (text.includes('running')) started.resolve();
  };
  const served = serveMetadata({ socket, port, log: note, environment: {}, until: stop.promise });
  t.after(async () => {
    stop.resolve();
    await served;
    rmSync(directory, { recursive: true });
  });
  await Promise.race([started.promise, served]);
  return {
    socket,
    port,
    log,
    async ask(token, path, form) {
      const options = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) };
      const answer = await fetch(`http://127.0.0.1:${port}/${token}/acMetadata/v1${path}`, options);
      return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
    },
    put: (path, body, method = 'PUT') => send(socket, method, path, body),
  };
}

function send(socketPath: string, method: string, path: string, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode!, body: text }));
    });
    sent.once('error', reject).end(body);
  });
}

const apps = [{ name: 'web', imageManifest: JSON.stringify(image) }];

test('serveMetadata, a registered pod, answers each address of the spec', async (t) => {
  const it = await service(t);
  const token = await registerPod(it.socket, uuid, JSON.stringify(manifest), apps);
  const ask = (path: string): Promise<unknown> => it.ask(token, path);
  const plain = (body: string): unknown => ({ status: 200, type: 'text/plain; charset=us-ascii', body });
  assert.deepEqual(await ask('/pod/uuid'), plain(uuid));
  assert.deepEqual(await ask('/pod/annotations/ip-address'), plain('10.1.2.3'));
  assert.deepEqual(await ask('/apps/web/annotations/authors'), plain('pod'));
  assert.deepEqual(await ask('/apps/web/annotations/coreos.com/rkt/x'), plain('of the image'));
  assert.deepEqual(await ask('/apps/web/image/id'), plain(id));
  const document = async (path: string): Promise<unknown> => {
    const { status, type, body } = await it.ask(token, path);
    assert.deepEqual([status, type], [200, 'application/json']);
    return JSON.parse(body);
  };
  assert.deepEqual(await document('/pod/annotations'), manifest.annotations);
  assert.deepEqual(await document('/apps/web/annotations'), [app.annotations[0], image.annotations[1]]);
  assert.equal((await document('/pod/manifest') as typeof manifest).apps[0]!.name, 'web');
  assert.equal((await document('/apps/web/image/manifest') as typeof image).name, 'example.com/web');
});

test('serveMetadata, what is not there or badly named, is 404 or 400 in the words of rkt', async (t) => {
  const it = await service(t);
  const token = await registerPod(it.socket, uuid, JSON.stringify(manifest), apps);
  const ask = async (path: string): Promise<unknown> => {
    const { status, body } = await it.ask(token, path);
    return [status, body];
  };
  assert.deepEqual(await ask('/pod/annotations/none'), [404, 'Pod annotation "none" not found']);
  assert.deepEqual(await ask('/pod/annotations/NONE'), [400, 'Pod annotation "NONE" is not a valid AC Identifier']);
  assert.deepEqual(await ask('/apps/web/annotations/none'), [404, 'App annotation "none" not found']);
  assert.deepEqual(await ask('/apps/other/image/id'), [404, 'app not found\n']);
  assert.deepEqual(await ask('/pod/secrets'), [404, '404 page not found\n']);
  assert.deepEqual(await ask('/pod/hmac/sign'), [405, '']);
});

test('serveMetadata, a token of nobody, of a removed or of an earlier registration, opens nothing', async (t) => {
  const it = await service(t);
  const first = await registerPod(it.socket, uuid, JSON.stringify(manifest), apps);
  const second = await registerPod(it.socket, uuid, JSON.stringify(manifest), apps);
  const third = await registerPod(it.socket, other, JSON.stringify(manifest), apps);
  const paths = ['/pod/uuid', '/pod/manifest', '/pod/annotations', '/apps/web/image/id', '/apps/none/image/id'];
  for (const path of paths) {
    assert.deepEqual([(await it.ask('f'.repeat(32), path)).status, (await it.ask(first, path)).status], [401, 401], path);
  }
  assert.equal((await it.ask(second, '/pod/uuid')).body, uuid);
  assert.equal((await it.ask(third, '/pod/uuid')).body, other);
  assert.equal((await it.put(`/pods/${uuid}?token=${third}`, JSON.stringify(manifest))).status, 409);
  assert.equal((await it.ask(third, '/pod/uuid')).body, other);
  await unregisterPod(it.socket, uuid);
  assert.deepEqual(await it.ask(second, '/pod/uuid'), { status: 401, type: null, body: 'pod not found\n' });
  await assert.rejects(unregisterPod(it.socket, uuid), { code: 'refused' });
  assert.ok(it.log.includes(`PUT /pods/${uuid}?token=… - 200`), it.log.join('\n'));
  assert.doesNotMatch(it.log.join('\n'), new RegExp(`${first}|${second}|${third}`));
});

test('serveMetadata, a signature, is verified for its pod and content alone', async (t) => {
  const it = await service(t);
  const token = await registerPod(it.socket, uuid, JSON.stringify(manifest), apps);
  const foreign = await registerPod(it.socket, other, JSON.stringify(manifest), apps);
  const { status, body: signature } = await it.ask(token, '/pod/hmac/sign', { content: 'a message\n' });
  assert.equal(status, 200);
  assert.equal(Buffer.from(signature, 'base64').length, 64);
  const verify = async (form: Record<string, string>): Promise<number> => (await it.ask(foreign, '/pod/hmac/verify', form)).status;
  const good = { uuid, content: 'a message\n', signature };
  assert.equal(await verify(good), 200);
  assert.equal(await verify({ ...good, content: 'another' }), 403);
  assert.equal(await verify({ ...good, uuid: other }), 403);
  assert.equal(await verify({ ...good, signature: Buffer.alloc(64).toString('base64') }), 403);
  assert.equal(await verify({ ...good, signature: '' }), 403);
  for (const bad of [{ uuid: 'x' }, { content: '' }, { signature: '%%%' }]) assert.equal(await verify({ ...good, ...bad }), 400);
  assert.equal((await it.ask(token, '/pod/hmac/sign', {})).body, 'content form value not found');
  assert.equal((await it.ask('f'.repeat(32), '/pod/hmac/sign', { content: 'x' })).status, 401);
});

test('serveMetadata, registrations that are wrong, are refused', async (t) => {
  const it = await service(t);
  const text = JSON.stringify(manifest);
  assert.equal((await it.put('/pods/nonsense?token=a', text)).status, 400);
  assert.deepEqual(await it.put(`/pods/${uuid}`, text), { status: 400, body: 'token missing' });
  assert.match((await it.put(`/pods/${uuid}?token=a`, '{')).body, /^JSON-decoding failed: /);
  assert.deepEqual(await it.put(`/pods/${uuid}/web`, JSON.stringify(image)), { status: 404, body: 'Pod with given UUID not found' });
  assert.deepEqual(await it.put(`/pods/${uuid}`, '', 'DELETE'), { status: 404, body: 'pod not found' });
  assert.equal((await it.put(`/pods/${uuid}?token=a`, 'x'.repeat(11 << 20)).catch(() => ({ status: 413 }))).status, 413);
});

test('serveMetadata, a guest that sends much and holds many connections, is refused, and others are served', async (t) => {
  const it = await service(t);
  const token = await registerPod(it.socket, uuid, JSON.stringify(manifest), []);
  const { status } = await it.ask(token, '/pod/hmac/sign', { content: 'x'.repeat(2 << 20) }).catch(() => ({ status: 413 }));
  assert.equal(status, 413);
  const held: Socket[] = [];
  t.after(() => held.forEach((socket) => socket.destroy()));
  const isClosed = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ port: it.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      held.push(socket);
      socket.on('error', () => {}).once('close', () => resolve(true));
      // An answer shows that the connection is one of those that are served.
      socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET')).once('data', () => resolve(false));
    });
  const outcomes = [];
  for (let i = 0; i < 70; i++) outcomes.push(await isClosed());
  assert.deepEqual([outcomes.indexOf(true), outcomes.filter(Boolean).length], [64, 6]);
  assert.equal((await it.ask(token, '/pod/uuid')).body, uuid);
  for (const socket of held) socket.destroy();
});

test('serveMetadata, a token in an address of any form, is not in the log', async (t) => {
  const it = await service(t);
  const token = await registerPod(it.socket, uuid, JSON.stringify(manifest), []);
  for (const target of [`/x/../${token}/acMetadata/v1/pod/uuid`, `http://x/${token}/acMetadata/v1/pod/uuid`]) {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(it.port, '127.0.0.1', () => socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
      socket.setEncoding('utf8').once('error', reject).once('data', resolve);
    });
    assert.match(answer, /^HTTP\/1\.1 200 /);
  }
  assert.ok(!it.log.join('\n').includes(token), it.log.join('\n'));
});

test('serveMetadata, its socket, is for root only, not shared by two services, and taken over from a killed one', async (t) => {
  const it = await service(t);
  assert.equal(statSync(it.socket).mode & 0o777, 0o660);
  const options = { socket: it.socket, port: await freePort(), log: () => {}, environment: {}, until: Promise.resolve() };
  await assert.rejects(serveMetadata(options), { code: 'in-use', message: `a metadata service already listens on ${it.socket}` });
  writeFileSync(`${it.socket}.left`, '');
  await serveMetadata({ ...options, socket: `${it.socket}.left` });
});

test('registerPod, no service, says where it looked', async () => {
  await assert.rejects(registerPod('/nonexistent/mds.sock', uuid, '{}', []), {
    code: 'unreachable',
    message: /^could not reach the metadata service at \/nonexistent\/mds\.sock: /,
  });
});

test('passedSocket, as systemd says it, is the third descriptor of this process alone', () => {
  assert.equal(passedSocket({}), undefined);
  assert.equal(passedSocket({ LISTEN_FDS: '1', LISTEN_PID: String(process.pid) }), 3);
  assert.equal(passedSocket({ LISTEN_FDS: '1', LISTEN_PID: '1' }), undefined);
  assert.throws(() => passedSocket({ LISTEN_FDS: '0' }), { message: 'LISTEN_FDS < 1' });
  assert.throws(() => passedSocket({ LISTEN_FDS: 'x' }), { message: 'error parsing LISTEN_FDS env var' });
});
