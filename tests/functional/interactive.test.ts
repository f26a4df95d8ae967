import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs, rktProgram, run } from '#tests/support';
import { openScene } from './scene.ts';

const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

test('run, interactive, reads what is piped in; without it an app reads nothing', needs('root'), async () => {
  await using scene = openScene();
  const cat = ['--net=none', scene.aci, ...shell('cat')];
  assert.equal((await scene.insecure(['run', '--interactive', ...cat], { input: 'piped in' })).stdout, 'piped in');
  assert.equal((await scene.insecure(['run', ...cat], { input: 'piped in' })).stdout, '');
});

test('run, interactive on a terminal, gives the app a terminal and what is typed', needs('root', 'script'), async () => {
  await using scene = openScene();
  const flags = [rktProgram(), ...scene.home.flags, '--insecure-options=image', 'run', '--net=none'];
  const onTerminal = (words: readonly string[]): ReturnType<typeof run> =>
    run('script', ['--quiet', '--return', '--command', quoted(words), '/dev/null'], { input: 'Saluton\n' });
  const interactive = await onTerminal([...flags, '--interactive', scene.aci, ...shell('test -t 0 && echo stdin is a terminal; read text; echo "Received text: $text"; exit 6')]);
  assert.match(interactive.stdout, /stdin is a terminal/);
  assert.match(interactive.stdout, /Received text: Saluton/);
  assert.equal(interactive.status, 6);
  const not = await onTerminal([...flags, scene.aci, ...shell('test -t 0 || echo stdin is not a terminal')]);
  assert.match(not.stdout, /stdin is not a terminal/);
});

test('run, interactive with several images, is refused', needs('root'), async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', '--interactive', scene.aci, scene.aci, '--name=two'], { status: 254 });
  assert.match(stderr, /interactive option only supports one image/);
});
