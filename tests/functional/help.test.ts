import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScene } from './scene.ts';

const COMMANDS = ['run', 'run-prepared', 'prepare', 'fetch', 'trust', 'list', 'status', 'enter', 'stop', 'rm', 'gc', 'image', 'cat-manifest', 'config', 'version'];

test('help, without a command, names every command', async () => {
  await using scene = openScene();
  const { stdout } = await scene.rkt(['help']);
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^\\s+${command}\\b`, 'm'));
});

for (const command of COMMANDS) {
  test(`help ${command}, as a word and as a flag, gives the same page`, async () => {
    await using scene = openScene();
    const { stdout } = await scene.rkt(['help', command]);
    assert.match(stdout, /^NAME:\n\t/);
    assert.match(stdout, /^USAGE:$/m);
    assert.equal((await scene.rkt([command, '--help'])).stdout, stdout);
  });
}
