import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, rktProgram, startAciSite } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root', 'openssl');

/** What a download has brought so far: bytes. */
function received(scene: Scene): number {
  const directory = join(scene.home.dataDir, 'cas/tmp');
  try {
    return Math.max(0, ...readdirSync(directory).map((name) => statSync(join(directory, name)).size));
  } catch {
    return 0;
  }
}

/** Starts `rkt fetch` and interrupts it as Ctrl-C at a terminal does: rkt and all that it has started. */
async function interrupt(scene: Scene, url: string, when: () => boolean): Promise<string> {
  const args = [...scene.home.flags, '--insecure-options=image,tls', 'fetch', url];
  const rkt = spawn(rktProgram(), args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  rkt.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<string>((resolve) => rkt.once('close', (code, signal) => resolve(signal ?? String(code))));
  while (!when()) await sleep(20);
  process.kill(-rkt.pid!, 'SIGINT');
  const how = await ended;
  assert.equal(/error|panic|internal/i.test(stderr), false, stderr);
  return how;
}

for (const version of ['an ETag', 'a date'] as const) {
  test(`fetch, interrupted by Ctrl-C, goes on where it was with a server that gives ${version}`, root, async () => {
    await using site = await startAciSite(0);
    await using scene = openScene();
    const bytes = readFileSync(scene.aci);
    const header = version === 'an ETag' ? { etag: '"1"' } : { 'last-modified': 'Mon, 02 Jan 2023 03:04:05 GMT' };
    const half = Math.floor(bytes.length / 2);
    const ranges: (string | undefined)[] = [];
    site.files.set('/a.aci', (request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (request.method === 'GET') ranges.push(request.headers.range);
      const more = from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(from === 0 ? 200 : 206, { 'accept-ranges': 'bytes', 'content-length': bytes.length - from, ...header, ...more });
      if (ranges.length === 1) response.write(bytes.subarray(0, half));
      else response.end(bytes.subarray(from));
    });
    const url = `${site.origin}/a.aci`;
    assert.match(await interrupt(scene, url, () => received(scene) >= half), /^(SIGINT|130)$/);
    assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
    assert.match((await scene.rkt(['--insecure-options=image,tls', 'fetch', url])).stdout, /^sha512-[0-9a-f]{32}\n$/);
    assert.deepEqual(ranges, [undefined, `bytes=${half}-`]);
    assert.deepEqual(readdirSync(join(scene.home.dataDir, 'cas/tmp')), []);
  });
}

test('fetch, interrupted and without a version of the file to go by, begins anew', root, async () => {
  await using site = await startAciSite(0);
  await using scene = openScene();
  const bytes = readFileSync(scene.aci);
  const half = Math.floor(bytes.length / 2);
  const ranges: (string | undefined)[] = [];
  site.files.set('/a.aci', (request, response) => {
    ranges.push(request.headers.range);
    response.writeHead(200, { 'content-length': bytes.length });
    if (ranges.length === 1) response.write(bytes.subarray(0, half));
    else response.end(bytes);
  });
  await interrupt(scene, `${site.origin}/a.aci`, () => received(scene) >= half);
  await scene.rkt(['--insecure-options=image,tls', 'fetch', `${site.origin}/a.aci`]);
  assert.deepEqual(ranges, [undefined, undefined]);
});
