import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeOciLayout, makeRootfs, needs, rktProgram } from '#tests/support';
import { openScene } from './scene.ts';

const INTERRUPT = '\u0003';

/** A registry of one layout, whose biggest layer stops half-way as long as `stalls` is set. */
async function startStallingRegistry(layout: string) {
  const blobs = join(layout, 'blobs/sha256');
  const [biggest] = readdirSync(blobs).sort((a, b) => statSync(join(blobs, b)).size - statSync(join(blobs, a)).size);
  const [manifest] = (JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string; mediaType: string }[] }).manifests;
  const state = { stalls: true, ranges: [] as (string | undefined)[], half: statSync(join(blobs, biggest!)).size >> 1 };
  const server = createServer(({ url = '', headers }, response) => {
    if (url === '/v2/') return void response.end();
    const hex = url.includes('/manifests/') ? manifest!.digest.slice(7) : url.slice(-64);
    const bytes = readFileSync(join(blobs, hex));
    if (hex === manifest!.digest.slice(7)) response.setHeader('content-type', manifest!.mediaType);
    if (hex !== biggest) return void response.end(bytes);
    state.ranges.push(headers.range);
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': bytes.length - from, ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }) });
    if (state.stalls) response.write(bytes.subarray(0, state.half));
    else response.end(bytes.subarray(from));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    state,
    image: `docker://127.0.0.1:${(server.address() as AddressInfo).port}/test/slow:1`,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('fetch, interrupted at a terminal, has shown its progress, leaves what came and is resumed from there', needs('root', 'script'), async () => {
  await using scene = openScene();
  const rootfs = scene.home.file('rootfs');
  mkdirSync(rootfs);
  makeRootfs(rootfs);
  writeFileSync(join(rootfs, 'noise'), randomBytes(8 << 20));
  makeOciLayout(scene.home.file('layout'), { layers: [{ directory: rootfs, compression: 'gzip' }], config: { Cmd: ['/bin/true'] } });
  await using registry = await startStallingRegistry(scene.home.file('layout'));
  const flags = ['--insecure-options=image,http'];
  const command = [rktProgram(), ...scene.home.flags, ...flags, 'fetch', registry.image].join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  let interrupted = false;
  const partial = (): string[] => readdirSync(join(scene.home.dataDir, 'cas/tmp')).filter((name) => name.endsWith('.partial'));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (interrupted || !/\((?:4|5)\d%\)/.test(shown)) return;
    interrupted = true;
    child.stdin.write(INTERRUPT);
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  assert.notEqual(status, 0);
  assert.match(shown, /downloading sha256:[0-9a-f]+ +[\d.]+MiB of [\d.]+MiB \(\d+%\)/);
  assert.equal(partial().length, 1);
  const came = statSync(join(scene.home.dataDir, 'cas/tmp', partial()[0]!)).size;
  assert.ok(came > 0 && came <= registry.state.half);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
  registry.state.stalls = false;
  await scene.rkt([...flags, 'fetch', registry.image]);
  assert.deepEqual(registry.state.ranges, [undefined, `bytes=${came}-`]);
  assert.deepEqual(partial(), []);
  await scene.rkt([...flags, 'run', '--net=none', registry.image]);
  await scene.rkt(['image', 'gc', '--grace-period=1h']);
  assert.deepEqual(readdirSync(join(scene.home.dataDir, 'cas/tmp')), []);
});
