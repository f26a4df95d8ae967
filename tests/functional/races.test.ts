import assert from 'node:assert/strict';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLeaks, findPodLeaks, makeOciLayout, makeRootfs, needs, startRegistry } from '#tests/support';
import { assertCollectable, namesIn, uuidsIn } from './crash-scene.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const any = { status: 'any' } as const;
type Result = Awaited<ReturnType<Scene['rkt']>>;

/** An internal fault or a stack is never an answer, whatever else happens at the same time. */
function assertClear({ status, output }: Result, allowed: readonly number[] = [0, 254]): void {
  assert.ok(allowed.includes(status), `exit status ${status}: ${output}`);
  assert.doesNotMatch(output, /internal error|\n\s+at .*:\d+:\d+|ENOENT|no such file/, output);
}

/** Does something over and over until the work is done; gives all results. */
async function beside(work: Promise<unknown>, body: () => Promise<Result>): Promise<Result[]> {
  let done = false;
  const settled = work.finally(() => (done = true));
  settled.catch(() => {});
  const results: Result[] = [];
  do results.push(await body());
  while (!done);
  await settled;
  return results;
}

const times = <T>(count: number, body: (at: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, at) => body(at)));

test('run-prepared, three at once, exactly one gets the pod and the others say so', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/sleep', '--', '1');
  const results = await times(3, () => scene.rkt(['run-prepared', '--net=none', uuid], any));
  assert.deepEqual(results.map(({ status }) => status).sort((a, b) => a - b), [0, 254, 254]);
  for (const { output } of results.filter(({ status }) => status === 254)) {
    assert.match(output, new RegExp(`pod "${uuid}" is not prepared`));
  }
});

test('rm beside run-prepared, one of them gets the pod, and nothing stays', root, async () => {
  await using scene = openScene();
  for (let round = 0; round < 4; round++) {
    const uuid = await scene.prepare(scene.aci, '--exec=/bin/true');
    const results = await Promise.all([
      scene.rkt(['run-prepared', '--net=none', uuid], any),
      scene.rkt(['rm', uuid], any),
      scene.rkt(['rm', uuid], any),
    ]);
    for (const result of results) assertClear(result);
    assert.ok(results.some(({ status }) => status === 0), results.map(({ output }) => output).join(''));
    await assertCollectable(scene, 'rm beside run-prepared');
  }
});

test('run, ten at once beside gc, all succeed and leave nothing', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const runs = times(10, (at) =>
    scene.insecure(['run', '--net=default', `--uuid-file-save=${scene.home.file(`uuid${at}`)}`, scene.aci, '--exec=/bin/true'], { timeout: 120_000 }),
  );
  const collections = await beside(runs, () => scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'], any));
  for (const result of collections) assertClear(result, [0]);
  await assertCollectable(scene, 'ten pods');
  const { readFileSync } = await import('node:fs');
  const uuids = Array.from({ length: 10 }, (_, at) => readFileSync(scene.home.file(`uuid${at}`), 'utf8').trim());
  assert.deepEqual(uuids.flatMap((uuid) => findPodLeaks(uuid)), []);
});

test('list and status beside pods that come and go, always answer', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const life = (async () => {
    for (let round = 0; round < 6; round++) {
      await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
      await scene.rkt(['gc', '--grace-period=0s']);
    }
  })();
  const [lists, statuses] = await Promise.all([
    beside(life, () => scene.rkt(['list', '--full'], any)),
    beside(life, async () => {
      const [uuid] = uuidsIn(scene);
      return scene.rkt(uuid === undefined ? ['list'] : ['status', uuid], any);
    }),
  ]);
  for (const result of lists) assertClear(result, [0]);
  for (const result of statuses) assertClear(result);
});

test('gc, five at once, remove twelve pods once each', root, async () => {
  await using scene = openScene();
  for (let at = 0; at < 12; at++) await scene.prepare(scene.aci);
  const results = await times(5, () => scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'], any));
  for (const result of results) assertClear(result, [0]);
  await assertCollectable(scene, 'five at once');
});

test('prepare beside image gc, every pod that was prepared runs', root, async () => {
  await using scene = openScene();
  const prepared: string[] = [];
  const preparations = (async () => {
    for (let round = 0; round < 5; round++) prepared.push(await scene.prepare(scene.aci, '--exec=/bin/true'));
  })();
  const collections = await beside(preparations, () => scene.rkt(['image', 'gc', '--grace-period=0s'], any));
  for (const result of collections) assertClear(result, [0]);
  for (const uuid of prepared) await scene.rkt(['run-prepared', '--net=none', uuid]);
});

test('fetch, the same image four times at once beside image gc, all succeed', root, async () => {
  await using scene = openScene();
  const fetches = times(4, () => scene.insecure(['fetch', scene.aci]));
  for (const result of await beside(fetches, () => scene.rkt(['image', 'gc', '--grace-period=1h'], any))) assertClear(result, [0]);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim().split('\n').length, 1);
  assert.deepEqual(['tmp', 'private'].flatMap((name) => namesIn(join(scene.home.dataDir, 'cas', name))).filter((name) => !name.endsWith('.partial')), []);
});

/** A registry seen through a proxy that keeps the paths asked for with GET. */
async function startProxy(target: string): Promise<{ address: string; paths: string[]; server: Server }> {
  const paths: string[] = [];
  const [host, port] = target.split(':') as [string, string];
  const server = createServer((request, response) => {
    if (request.method === 'GET') paths.push(request.url!);
    const headers = { ...request.headers };
    const upstream = httpRequest({ host, port, method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, paths, server };
}

test('fetch, one image of a registry three times at once, downloads each layer once', needs('root', 'docker-registry', 'skopeo'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const directory = (name: string): string => {
    mkdirSync(scene.home.file(name));
    return scene.home.file(name);
  };
  const [base, top] = [directory('base'), directory('top')];
  makeRootfs(base);
  mkdirSync(join(top, 'etc'));
  makeRootfs(top, { '/etc/top': 'top' });
  const { digest } = makeOciLayout(scene.home.file('layout'), { layers: [{ directory: base }, { directory: top }], config: { Cmd: ['/bin/true'] } });
  await registry.push(scene.home.file('layout'), 'test/once', '1');
  const proxy = await startProxy(registry.address);
  try {
    const results = await times(3, () => scene.rkt(['--insecure-options=image,http', 'fetch', `docker://${proxy.address}/test/once:1`]));
    assert.equal(new Set(results.map(({ stdout }) => stdout.trim())).size, 1);
    const manifest = (await (await fetch(`http://${registry.address}/v2/test/once/manifests/${digest}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })).json()) as { layers: { digest: string }[] };
    for (const layer of manifest.layers) {
      assert.equal(proxy.paths.filter((path) => path.endsWith(layer.digest)).length, 1, layer.digest);
    }
  } finally {
    proxy.server.closeAllConnections();
    proxy.server.close();
  }
});

test('pods of the default network, ten at a time, leave nothing', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const rounds = process.env['RKT_SWEEP'] === 'all' ? 10 : 1;
  for (let round = 0; round < rounds; round++) {
    const results = await times(10, () => scene.insecure(['run', '--net=default', scene.aci, '--exec=/bin/true'], { timeout: 120_000, ...any }));
    for (const { status, output } of results) assert.equal(status, 0, output);
  }
  assert.equal(uuidsIn(scene).length, rounds * 10);
  await assertCollectable(scene, `${rounds * 10} pods`);
  assert.deepEqual(findLeaks(scene.home.path), []);
});
