/** Stage1 images of a user who is not root: they are root in the user's namespace. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { openUserScene } from '../functional/user-scene.ts';
import { makeScriptStage1 } from './script-stage1.ts';

const user = needs('root', 'newuidmap', 'setpriv', 'crun', 'gpg');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];

test('without root, a stage1 image, runs an app and is collected', user, async () => {
  await using scene = await openUserScene();
  mkdirSync(scene.file('evidence'));
  scene.own('evidence');
  const stage1 = makeScriptStage1(scene.file('stage1.aci'), { interfaceVersion: '6', evidence: scene.file('evidence') });
  const { stdout } = await scene.insecure(['run', '--net=host', `--stage1-path=${stage1}`, scene.aci, ...shell('id -u; exit 5')], 5);
  assert.equal(stdout, '0\n');
  assert.match((await scene.rkt(['list', '--no-legend'])).stdout, /\texited\t/);
  const { stderr } = await scene.rkt(['gc', '--grace-period=0s']);
  assert.doesNotMatch(stderr, /problem/);
  assert.deepEqual(readdirSync(`${scene.dataDir}/pods/exited-garbage`), []);
});

test('without root, fly, runs an app as the user', user, async () => {
  await using scene = await openUserScene();
  const { stdout } = await scene.insecure(['run', '--stage1-name=coreos.com/rkt/stage1-fly', scene.aci, ...shell('id -u; cat /proc/self/uid_map | head -n 1; exit 6')], 6);
  assert.deepEqual(stdout.trim().split(/\s+/), ['0', '0', String(scene.uid), '1']);
});
