import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { namespaceMembers, runPod, runtimePath, skip, startPod, until } from './supervised-pod.ts';

const HALT = 37;
const forever = 'while :; do sleep 0.1; done';

describe('supervisor, endings', { skip }, () => {
  test('one app that exits 7, exits 7 and leaves its status', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: 'exit 7' }] });
    assert.deepEqual(pod.ending, { code: 7, signal: null }, pod.stderr);
    assert.equal(pod.status('one'), '7\n');
    assert.deepEqual(fs.readdirSync(pod.path('status')), ['one']);
    assert.equal(pod.stderr, '');
  });

  test('two apps that exit 0, exits 0', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: 'sleep 0.3' }, { name: 'two', script: ':' }] });
    assert.equal(pod.ending.code, 0, pod.stderr);
    assert.deepEqual([pod.status('one'), pod.status('two')], ['0\n', '0\n']);
  });

  test('an app that exits 0, lets the other go on', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'short', script: 'exit 0' }, { name: 'long', script: 'sleep 0.5; echo still here' }] });
    assert.equal(pod.ending.code, 0);
    assert.equal(pod.stdout, 'still here\n');
  });

  test('the first app that fails, stops the other and gives its code', async (t) => {
    const pod = await runPod(t, {
      apps: [
        { name: 'steady', script: `trap 'echo asked; exit 9' TERM; ${forever}` },
        { name: 'failing', script: 'sleep 0.3; exit 3' },
      ],
    });
    assert.deepEqual(pod.ending, { code: 3, signal: null }, pod.stderr);
    assert.equal(pod.stdout, 'asked\n');
    assert.deepEqual([pod.status('steady'), pod.status('failing')], ['9\n', '3\n']);
  });

  for (const signal of ['SIGTERM', 'SIGSEGV', 'SIGKILL'] as const)
    test(`an app killed by ${signal}, dies by the same signal`, async (t) => {
      const pod = await runPod(t, { apps: [{ name: 'one', script: `kill -${signal.slice(3)} $$` }] });
      assert.deepEqual(pod.ending, { code: null, signal }, pod.stderr);
      const number = { SIGTERM: 15, SIGSEGV: 11, SIGKILL: 9 }[signal];
      assert.equal(pod.status('one'), `${128 + number}\n`);
    });
});

describe('supervisor, signals', { skip }, () => {
  test('SIGTERM to an app without a handler, dies by SIGTERM', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: `echo up; exec busybox sleep 60` }] });
    await pod.untilOutput('up');
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGTERM' });
    assert.equal(pod.status('one'), '143\n');
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)
    test(`${signal} to an app that handles it, gives the app's own code`, async (t) => {
      const pod = startPod(t, { apps: [{ name: 'one', script: `trap 'exit 5' ${signal.slice(3)}; echo up; ${forever}` }] });
      await pod.untilOutput('up');
      pod.kill(signal);
      assert.deepEqual(await pod.ended, { code: 5, signal: null });
    });

  test('SIGHUP, SIGUSR1, SIGUSR2 and SIGWINCH, are handed on and stop nothing', async (t) => {
    const traps = ['HUP', 'USR1', 'USR2', 'WINCH'].map((name) => `trap 'echo got ${name}' ${name};`).join(' ');
    const pod = startPod(t, { graceMs: 0, apps: [{ name: 'one', script: `${traps} trap 'exit 0' TERM; echo up; ${forever}` }] });
    await pod.untilOutput('up');
    for (const name of ['HUP', 'USR1', 'USR2', 'WINCH']) {
      pod.kill(`SIG${name}` as NodeJS.Signals);
      await pod.untilOutput(`got ${name}`);
    }
    pod.kill('SIGKILL');
    await pod.ended;
  });

  test('SIGHUP that the caller ignored, does not reach the app', async (t) => {
    const pod = startPod(t, { prefix: ['nohup'], apps: [{ name: 'one', script: `trap 'exit 4' HUP; trap 'exit 0' USR1; echo up; ${forever}` }] });
    await pod.untilOutput('up');
    pod.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 300));
    pod.kill('SIGUSR1');
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
  });

  test('halt, stops the apps in order and exits 0', async (t) => {
    const pod = startPod(t, {
      apps: [{ name: 'one', script: `echo up1; exec busybox sleep 60` }, { name: 'two', script: `trap 'exit 6' TERM; echo up2; ${forever}` }],
    });
    await pod.untilOutput('up1');
    await pod.untilOutput('up2');
    pod.kill(HALT);
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
    assert.deepEqual([pod.status('one'), pod.status('two')], ['143\n', '6\n']);
  });

  test('halt with an app that ignores SIGTERM, kills it after the grace and exits 0', async (t) => {
    const pod = startPod(t, { graceMs: 300, apps: [{ name: 'deaf', script: `trap '' TERM; echo up; ${forever}` }] });
    await pod.untilOutput('up');
    const begin = Date.now();
    pod.kill(HALT);
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
    assert.ok(Date.now() - begin >= 290);
    assert.equal(pod.status('deaf'), '137\n');
  });

  test('SIGTERM with an app that ignores it, kills it after the grace', async (t) => {
    const pod = startPod(t, { graceMs: 300, apps: [{ name: 'deaf', script: `trap '' TERM; echo up; ${forever}` }] });
    await pod.untilOutput('up');
    pod.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 150));
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGKILL' });
    assert.equal(pod.status('deaf'), '137\n');
  });

  test('SIGTERM while the runtime is at work, is handled before the next app is started', async (t) => {
    const pod = startPod(t, { runtime: slowRuntime(t), apps: [{ name: 'one', script: `exec busybox sleep 60` }, { name: 'two', script: ':' }] });
    await until('the start of the runtime', () => pod.init > 0);
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGTERM' });
    assert.deepEqual([pod.status('one'), pod.status('two')], ['143\n', undefined]);
    assert.equal(pod.isReady, false);
  });
});

describe('supervisor, death', { skip }, () => {
  test('SIGKILL, leaves no process of the pod and only then the lock', async (t) => {
    const pod = startPod(t, {
      apps: [{ name: 'one', script: `sleep 60 & trap '' TERM; echo up; ${forever}` }, { name: 'two', script: `echo more; exec busybox sleep 60` }],
    });
    await pod.untilOutput('up');
    await pod.untilOutput('more');
    const members = namespaceMembers(pod.init);
    assert.ok(members().length >= 4);
    pod.kill('SIGKILL');
    await until('the lock', () => !pod.isLocked);
    assert.deepEqual(members().filter((pid) => pid !== pod.init), []);
    await until('the end of init', () => members().length === 0);
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGKILL' });
  });

  test('SIGKILL while the runtime is at work, leaves no process of the pod', async (t) => {
    const pod = startPod(t, { runtime: slowRuntime(t), apps: [{ name: 'one', script: forever }] });
    const init = await until('init', () => pod.init);
    const members = namespaceMembers(init);
    pod.kill('SIGKILL');
    await pod.ended;
    await until('the end of the pod', () => members().length === 0);
    assert.equal(pod.isLocked, false);
  });

  test('init is killed, the apps end with it and the supervisor says how', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: `echo up; ${forever}` }] });
    await pod.untilOutput('up');
    process.kill(pod.init, 'SIGKILL');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGKILL' });
    assert.equal(pod.status('one'), '137\n');
  });

  test('the end of the last app, ends what the apps left behind', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: `sleep 60 >/dev/null 2>&1 & echo up; sleep 0.3` }] });
    await pod.untilOutput('up');
    const members = namespaceMembers(pod.init);
    assert.equal((await pod.ended).code, 0);
    assert.deepEqual(members(), []);
  });
});

describe('supervisor, runtime that fails', { skip }, () => {
  test('a bundle without config.json, exits 254 and stops the app before it', async (t) => {
    const pod = await runPod(t, {
      apps: [{ name: 'good', script: `trap 'echo asked; exit 0' TERM; ${forever}` }, { name: 'bad', script: '', broken: true }, { name: 'never', script: '' }],
    });
    assert.deepEqual(pod.ending, { code: 254, signal: null });
    assert.deepEqual([pod.status('good') !== undefined, pod.status('bad'), pod.status('never')], [true, '254\n', undefined]);
    assert.match(pod.stderr, /config\.json/);
    assert.equal(pod.isReady, false);
  });

  test('a runtime that is not there, is named', async (t) => {
    const pod = await runPod(t, { runtime: '/nowhere/crun', apps: [{ name: 'one', script: '' }] });
    assert.equal(pod.ending.code, 254);
    assert.equal(pod.stderr, 'rkt: supervisor: cannot execute /nowhere/crun: No such file or directory\n');
  });

  test('a runtime that starts nothing, is noticed', async (t) => {
    const pod = await runPod(t, { runtime: '/bin/true', apps: [{ name: 'one', script: '' }] });
    assert.equal(pod.ending.code, 254);
    assert.match(pod.stderr, /^rkt: supervisor: the runtime left no process for one: /);
  });
});

/** The real one, half a second late. */
function slowRuntime(t: { after: (clean: () => void) => void }): string {
  const directory = fs.mkdtempSync('/tmp/rkt-slow-runtime-');
  const path = `${directory}/runtime`;
  fs.writeFileSync(path, `#!/bin/sh\nsleep 0.5\nexec ${runtimePath} "$@"\n`, { mode: 0o755 });
  t.after(() => fs.rmSync(directory, { recursive: true }));
  return path;
}
