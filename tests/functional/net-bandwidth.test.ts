import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { isolator } from './own-manifest.ts';
import { openNetScene } from './net-pods.ts';

const { skip } = needs('root', 'nsenter', 'unshare', 'curl', 'tc');

const BYTES = 400_000;
const LIMIT = 100_000;
/** Seconds that so many bytes take at least: what a bucket holds at first passes at once. */
const LEAST = (BYTES - 65_536) / LIMIT;

const SERVER = `
require('http').createServer((q, r) => { q.resume(); q.on('end', () => r.end(q.method === 'GET' ? Buffer.alloc(${BYTES}) : 'taken')); }).listen(8000, '0.0.0.0');`;

test('network-bandwidth, an app with a limit, sends and receives no faster, on every interface; nothing is left', { skip }, async () => {
  const isolators = [isolator('resource/network-bandwidth', { default: true, limit: String(LIMIT) })];
  await using scene = await openNetScene({ isolators });
  const { host, home } = scene;
  const pod = await scene.startPod('--net=default,default-restricted');
  host.start(['nsenter', `--net=${pod.netns}`, '--', process.execPath, '-e', SERVER]);
  const file = home.file('big');
  writeFileSync(file, Buffer.alloc(BYTES));
  const addresses = [...(await pod.run('ip', '-o', '-4', 'address')).matchAll(/eth\d +inet ([\d.]+)/g)].map(([, address]) => address!);
  assert.equal(addresses.length, 2);
  const seconds = async (address: string, ...args: readonly string[]): Promise<number> => {
    const { stdout } = await host.run(['curl', '-sS', '--retry', '20', '--retry-connrefused', '--retry-delay', '1', '-o', '/dev/null', '-w', '%{time_total}', ...args, `http://${address}:8000/`]);
    return Number(stdout);
  };
  for (const address of addresses) {
    const [sent, received] = [await seconds(address), await seconds(address, '-H', 'Expect:', '--data-binary', `@${file}`)];
    assert.ok(sent >= LEAST, `${address} sent ${BYTES} bytes in ${sent} s`);
    assert.ok(received >= LEAST, `${address} received ${BYTES} bytes in ${received} s`);
  }
  assert.doesNotMatch(await pod.run('tc', 'qdisc', 'show', 'dev', 'lo'), /tbf/);
  await scene.collect();
  assert.deepEqual(await scene.traces(), []);
});

test('network-bandwidth, a pod on the network of the host, is told that it is not enforced', { skip }, async () => {
  const isolators = [isolator('resource/network-bandwidth', { default: true, limit: '1M' })];
  await using scene = await openNetScene({ isolators });
  const { stderr } = await scene.rkt('run', '--net=host', scene.aci, '--exec=/bin/true');
  assert.match(stderr, /isolator "resource\/network-bandwidth" of app "busybox" is not enforced: the pod has the network of the host/);
});
