import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPod, skip, startPod, until } from './supervised-pod.ts';

const HALT = 37;
const forever = 'while :; do sleep 0.1; done';
/** Fails until it was started so many times, then ends with 0. What an app writes stays from run to run. */
const succeedsAt = (run: number): string => `echo run >>/log; n=$(grep -c run /log); echo run $n; [ $n -ge ${run} ] || exit 3`;
const restarts = '.one.restarts';

describe('supervisor, restarts', { skip }, () => {
  test('on-failure, an app that fails twice, runs a third time on the same files and exits 0', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: succeedsAt(3), flags: ['--restart=on-failure'] }] });
    assert.deepEqual(pod.ending, { code: 0, signal: null }, pod.stderr);
    assert.equal(pod.stdout, 'run 1\nrun 2\nrun 3\n');
    assert.equal(pod.status('one'), '0\n');
    assert.equal(pod.read(`status/${restarts}`), '2 3 running\n');
    assert.equal(pod.stderr, '');
  });

  test('on-failure, an app that ends with 0, is not started again', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: 'echo once', flags: ['--restart=on-failure'] }] });
    assert.deepEqual([pod.ending.code, pod.stdout, pod.read(`status/${restarts}`)], [0, 'once\n', undefined]);
  });

  test('on-failure with a limit, an app that always fails, stops the pod with its code after that many', async (t) => {
    const pod = await runPod(t, {
      apps: [
        { name: 'one', script: 'echo run; exit 5', flags: ['--restart=on-failure:2'] },
        { name: 'two', script: `trap 'echo asked; exit 0' TERM; ${forever}` },
      ],
    });
    assert.deepEqual(pod.ending, { code: 5, signal: null }, pod.stderr);
    assert.equal(pod.stdout, 'run\nrun\nrun\nasked\n');
    assert.deepEqual([pod.status('one'), pod.status('two')], ['5\n', '0\n']);
  });

  test('on-failure, an app that is killed, is started again', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: `trap 'exit 0' TERM; echo run; ${forever}`, flags: ['--restart=on-failure'] }] });
    await pod.untilOutput('run\n');
    const first = await until('the pid', () => pod.appPid('one'));
    process.kill(first, 'SIGKILL');
    await pod.untilOutput('run\nrun\n');
    await until('another pid', () => ![NaN, first].includes(pod.appPid('one')));
    assert.deepEqual([pod.status('one'), pod.read(`status/${restarts}`)], [undefined, '1 137 running\n']);
    pod.kill(HALT);
    assert.equal((await pod.ended).code, 0);
  });

  test('always, an app that ends with 0, is started again until the pod is stopped', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'echo run', flags: ['--restart=always'] }] });
    await pod.untilOutput('run\nrun\nrun\n');
    assert.equal(pod.status('one'), undefined);
    pod.kill('SIGTERM');
    await pod.ended;
    assert.notEqual(pod.status('one'), undefined);
  });

  test('what an app left running, has ended before it runs again', async (t) => {
    const script = `[ -e /log ] && { [ -d /proc/$(cat /log) ] && echo there || echo gone; exit 0; }; sleep 777 >/dev/null 2>&1 & echo $! >/log; exit 1`;
    const pod = await runPod(t, { apps: [{ name: 'one', script, flags: ['--restart=on-failure'] }] });
    assert.deepEqual([pod.ending.code, pod.stdout], [0, 'gone\n'], pod.stderr);
  });

  test('an app without a policy that fails, ends the one that waits to start again', async (t) => {
    const pod = await runPod(t, {
      apps: [
        { name: 'one', script: 'exit 4', flags: ['--restart=always'] },
        { name: 'two', script: 'sleep 1; exit 6' },
      ],
    });
    assert.deepEqual(pod.ending, { code: 6, signal: null }, pod.stderr);
    assert.deepEqual([pod.status('one'), pod.status('two')], ['4\n', '6\n']);
  });
});

describe('supervisor, restarts and stops', { skip }, () => {
  const failing = { name: 'one', script: 'exit 4', flags: ['--restart=always'] };
  const untilItWaits = (read: () => string | undefined): Promise<unknown> =>
    until('a wait of some length', () => /^[3-9] 4 waiting/.test(read() ?? ''));

  test('SIGTERM while the app waits to start again, ends the pod with the code of its last run', async (t) => {
    const pod = startPod(t, { apps: [failing] });
    await untilItWaits(() => pod.read(`status/${restarts}`));
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: 4, signal: null });
    assert.equal(pod.status('one'), '4\n');
  });

  test('halt while the app waits to start again, exits 0', async (t) => {
    const pod = startPod(t, { apps: [failing] });
    await untilItWaits(() => pod.read(`status/${restarts}`));
    pod.kill(HALT);
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
    assert.equal(pod.status('one'), '4\n');
  });

  test('init is killed, nothing is started again', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: `echo run; ${forever}`, flags: ['--restart=always'] }] });
    await pod.untilOutput('run');
    process.kill(pod.init, 'SIGKILL');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGKILL' });
    assert.deepEqual([pod.status('one'), pod.stdout], ['137\n', 'run\n']);
  });

  test('SIGTERM to an app that then fails, does not start it again', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: `trap 'exit 9' TERM; echo run; ${forever}`, flags: ['--restart=always'] }] });
    await pod.untilOutput('run');
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: 9, signal: null });
    assert.equal(pod.stdout, 'run\n');
  });

  test('an app the runtime cannot start, is not tried again', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: '', broken: true, flags: ['--restart=always'] }] });
    assert.equal(pod.ending.code, 254);
    assert.equal(pod.read(`status/${restarts}`), undefined);
  });
});
