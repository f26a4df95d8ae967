/** The stage1 that comes with rkt, executed as any other: its image under another name. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findPodLeaks, needs, rktProgram } from '#tests/support';
import { writeAci } from '../../scripts/write-aci.ts';
import { openScene, type Scene } from '../functional/scene.ts';
import { contract } from './contract.ts';
import { startPod } from './pod.ts';

// The executables of the image look for rkt there.
process.env['PATH'] = `${dirname(rktProgram())}:${process.env['PATH']}`;

const IMAGE = join(import.meta.dirname, '../../dist/stage1-oci.aci');

function choose(scene: Scene): string[] {
  const work = scene.home.file('oci');
  mkdirSync(work, { recursive: true });
  execFileSync('tar', ['-xf', IMAGE, '-C', work]);
  const manifest = JSON.parse(readFileSync(join(work, 'manifest'), 'utf8')) as object;
  const path = scene.home.file('stage1.aci');
  writeAci(path, { ...manifest, name: 'example.com/stage1-oci' }, join(work, 'rootfs'));
  return [`--stage1-path=${path}`];
}

contract({ name: 'oci by exec', ...needs('root'), choose, tellsExits: true, severalApps: true, mutable: true });

test('stage1 oci by exec, a network, is the pod\'s own and given back', needs('root'), async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  const { stdout } = await scene.insecure(['run', '--net=default', ...choose(scene), `--uuid-file-save=${file}`, scene.aci, '--exec=/bin/ip', '--', 'addr']);
  assert.match(stdout, /inet 172\.16\.28\./);
  const uuid = await scene.untilFile(file);
  assert.match((await scene.status(uuid))['networks']!, /^default:ip4=172\.16\.28\.\d+$/);
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.deepEqual(findPodLeaks(uuid), []);
});

test('stage1 oci by exec, what an app streams, is attached to', needs('root'), async () => {
  await using scene = openScene();
  const pod = await startPod(scene, ['run', '--net=none', ...choose(scene), scene.aci, '--stdin=stream', '--stdout=stream', '--exec=/bin/sh', '--', '-c', 'read line; echo "got $line"'], '');
  await scene.rkt(['status', '--wait-ready=30s', pod.uuid]);
  assert.match((await scene.rkt(['attach', '--mode=list', pod.uuid])).stdout, /"name": "stdin"/);
  assert.equal((await scene.rkt(['attach', pod.uuid], { input: 'a line\n' })).stdout, 'got a line\n');
  await pod.ended;
});
