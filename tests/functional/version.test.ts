import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScene } from './scene.ts';

test('version, always, prints what programs look for', async () => {
  await using scene = openScene();
  const { stdout, stderr } = await scene.rkt(['version']);
  assert.match(stdout, /^rkt Version: \d+\.\d+\.\d+\nappc Version: 0\.8\.11\n/);
  assert.match(stdout, /^Features: /m);
  assert.equal(stderr, '');
});

test('version, by a unique prefix, is the same', async () => {
  await using scene = openScene();
  assert.equal((await scene.rkt(['v'])).stdout, (await scene.rkt(['version'])).stdout);
});

test('an unknown command, is named and exits 254', async () => {
  await using scene = openScene();
  const { output } = await scene.rkt(['bogus'], { status: 254 });
  assert.match(output, /Error: unknown command "bogus" for "rkt"\nRun 'rkt --help' for usage\./);
});

test('an unknown flag, exits 254', async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['list', '--bogus'], { status: 254 })).output, /unknown flag.*--bogus/);
});
