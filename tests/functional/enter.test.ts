import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs, rktProgram, run } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene } from './scene.ts';

const root = needs('root');
const sleeper = ['--exec=/bin/sleep', '--', '1000'];

test('enter, a command of the only app, has its environment, its input and its exit status', root, async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, ['run', '--net=none', '--set-env=A=from the pod', scene.aci, '--environment=PATH=/bin', ...sleeper]);
  assert.equal((await scene.rkt(['enter', uuid, 'sh', '-c', 'echo "$A $AC_APP_NAME"; exit 7'], { status: 7 })).stdout, 'from the pod busybox\n');
  assert.equal((await scene.rkt(['enter', uuid.slice(0, 8), 'cat'], { input: 'through a pipe' })).stdout, 'through a pipe');
  assert.match((await scene.rkt(['enter', uuid, 'sh', '-c', 'echo oops >&2'])).stderr, /oops/);
});

test('enter, a program that is not there, exits 127 as a shell does', root, async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, ...sleeper]);
  const missing = await scene.rkt(['enter', uuid, '/no/such/program', 'x'], { status: 127 });
  assert.match(missing.stderr, /enter: cannot enter app "busybox": it has no program "\/no\/such\/program"/);
  await scene.rkt(['enter', uuid, 'nonesuch'], { status: 127 });
  const shell = await scene.rkt(['enter', uuid], { status: 127 });
  assert.match(shell.stderr, /enter: no command specified, assuming "\/bin\/bash"/);
});

test('enter, a pod of several apps, asks which one and takes --app', root, async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, '--name=one', ...sleeper, '---', scene.aci, '--name=two', ...sleeper]);
  const which = await scene.rkt(['enter', uuid, '/bin/true'], { status: 254 });
  assert.match(which.stderr, /specify one of these using "rkt enter --app= \.\.\.": one, two/);
  assert.equal((await scene.rkt(['enter', '--app=two', uuid, '/bin/sh', '-c', 'echo $AC_APP_NAME'])).stdout, 'two\n');
  await scene.rkt(['enter', '--app=three', uuid, '/bin/true'], { status: 254 });
});

test('enter, on a terminal, gives the command a terminal', needs('root', 'script'), async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, ...sleeper]);
  const command = [rktProgram(), ...scene.home.flags, 'enter', uuid, '/bin/sh', '-c', '"tty; exit 9"'].join(' ');
  const { status, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null']);
  assert.match(stdout, /\/dev\/pts\/\d+/);
  assert.equal(status, 9);
});

test('enter, a pod that does not run, is refused', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci);
  assert.match((await scene.rkt(['enter', uuid, '/bin/true'], { status: 254 })).stderr, new RegExp(`pod "${uuid}" isn't currently running`));
  assert.match((await scene.rkt(['enter', 'deadbeef', '/bin/true'], { status: 254 })).stderr, /no matches found for "deadbeef"/);
});
