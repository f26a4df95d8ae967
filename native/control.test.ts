import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { type AppSpec, namespaceMembers, type PodSpec, skip, startPod, type SupervisedPod, until } from './supervised-pod.ts';

const forever = 'while :; do sleep 0.1; done';

/** A pod that is ready to be given apps. */
async function startMutablePod(t: TestContext, later: readonly AppSpec[], more: Partial<PodSpec> = {}): Promise<SupervisedPod> {
  const pod = startPod(t, { apps: [], ...more, later });
  await until('the pod', () => pod.isReady);
  return pod;
}

/** Sends bytes and gives what comes back. */
function exchange(pod: SupervisedPod, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: pod.path('control'), allowHalfOpen: true });
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('error', reject).on('end', () => resolve(answer));
    socket.end(message);
  });
}

const ask = (pod: SupervisedPod, ...words: string[]): Promise<string> => exchange(pod, words.map((word) => `${word}\0`).join(''));
const start = (pod: SupervisedPod, name: string, ...more: string[]): Promise<string> =>
  ask(pod, 'start', `--app=${name}`, `--bundle=${name}`, ...more);

describe('supervisor, apps that come and go', { skip }, () => {
  test('a pod without apps, is ready and stays until it is asked to end', async (t) => {
    const pod = await startMutablePod(t, []);
    assert.equal(fs.statSync(pod.path('control')).mode & 0o777, 0o600);
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
  });

  test('start, runs an app and leaves when it began and how it ended', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: 'read line; echo "got $line"; exit 3' }]);
    assert.equal(await start(pod, 'one'), 'ok\n');
    await pod.untilOutput('got');
    await until('the end of the app', () => pod.status('one') === '3\n');
    assert.ok(fs.existsSync(pod.path('status/one-started')));
    assert.equal(fs.existsSync(`/proc/${pod.pid}`), true);
  });

  test('an app that fails, stops neither the pod nor another', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'bad', script: 'exit 7' }, { name: 'good', script: `echo up; ${forever}` }]);
    await start(pod, 'good');
    await pod.untilOutput('up');
    await start(pod, 'bad');
    await until('the end of the app', () => pod.status('bad') === '7\n');
    assert.equal(pod.status('good'), undefined);
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
    assert.equal(pod.status('good'), '143\n');
  });

  test('an app that has ended, can be started again and its old end is gone', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: 'echo up; exit 5' }, { name: 'two', script: forever }]);
    await start(pod, 'one');
    await until('the end of the app', () => pod.status('one'));
    fs.rmSync(pod.path('one/config.json'));
    fs.copyFileSync(pod.path('two/config.json'), pod.path('one/config.json'));
    assert.equal(await start(pod, 'one'), 'ok\n');
    assert.equal(pod.status('one'), undefined);
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(pod.status('one'), '143\n');
  });

  test('start of an app that runs, is told so and changes nothing', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `echo up; ${forever}` }]);
    await start(pod, 'one');
    const pid = pod.appPid('one');
    assert.equal(await start(pod, 'one'), 'running\n');
    assert.equal(await ask(pod, 'forget', 'one'), 'running\n');
    assert.equal(pod.appPid('one'), pid);
  });

  test('start that fails, is told so, leaves no trace and says why in the log', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: '' }]);
    const config = fs.readFileSync(pod.path('one/config.json'), 'utf8');
    fs.writeFileSync(pod.path('one/config.json'), config.replace('"/bin/busybox"', '"/bin/nothing"'));
    assert.equal(await start(pod, 'one', '--runtime-log=log'), 'failed\n');
    assert.deepEqual(fs.readdirSync(pod.path('status')), []);
    assert.match(fs.readFileSync(pod.path('one/log'), 'utf8'), /\/bin\/nothing/);
    fs.writeFileSync(pod.path('one/config.json'), config);
    assert.equal(await start(pod, 'one', '--runtime-log=log'), 'ok\n');
  });

  test('a second start that fails, leaves the end of the last run', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: 'exit 5' }]);
    await start(pod, 'one');
    await until('the end of the app', () => pod.status('one'));
    fs.writeFileSync(pod.path('one/config.json'), '{');
    assert.equal(await start(pod, 'one', '--runtime-log=log'), 'failed\n');
    assert.equal(pod.status('one'), '5\n');
  });

  test('stop between two runs of an app that starts again, is its end', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: 'exit 5' }]);
    assert.equal(await start(pod, 'one', '--restart=always'), 'ok\n');
    await until('a restart', () => pod.read('status/.one.restarts')?.includes('2 5 waiting'));
    assert.equal(pod.status('one'), undefined);
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(pod.status('one'), '5\n');
    assert.equal(await ask(pod, 'forget', 'one'), 'ok\n');
  });

  test('stop of an app that would start again, is its end', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `trap 'exit 6' TERM; echo up; ${forever}` }]);
    await start(pod, 'one', '--restart=always');
    await pod.untilOutput('up');
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(pod.status('one'), '6\n');
  });

  test('stop, ends one app in order and answers when it has ended', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `trap 'sleep 0.3; echo bye; exit 4' TERM; echo up; ${forever}` }]);
    await start(pod, 'one');
    await pod.untilOutput('up');
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(pod.status('one'), '4\n');
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(await ask(pod, 'stop', 'other'), 'absent\n');
  });

  test('stop of an app that ignores it, kills it after the grace with all that it started', async (t) => {
    const id = { name: 'one', script: `trap '' TERM; sleep 1000 & echo up; ${forever}` };
    const pod = await startMutablePod(t, [id], { graceMs: 300 });
    const cgroup = cgroupOf(pod, 'one');
    await start(pod, 'one', `--processes=${cgroup}/cgroup.procs`);
    await pod.untilOutput('up');
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(pod.status('one'), '137\n');
    await until('the end of what the app left', () => namespaceMembers(pod.init)().length === 1);
  });

  test('two that stop at once, are both answered', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `trap 'exit 0' TERM; echo up; ${forever}` }]);
    await start(pod, 'one');
    await pod.untilOutput('up');
    assert.deepEqual(await Promise.all([ask(pod, 'stop', 'one'), ask(pod, 'stop', 'one')]), ['ok\n', 'ok\n']);
  });

  test('start with a pre-start handler, answers when the app itself runs', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: forever }, { name: 'before', script: 'sleep 0.3; echo ready' }]);
    assert.equal(await start(pod, 'one', '--pre-start=before'), 'ok\n');
    assert.match(pod.stdout, /ready/);
    assert.ok(pod.appPid('one') > 1);
  });

  test('start with a pre-start handler that fails, is told so', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: forever }, { name: 'before', script: 'exit 9' }]);
    assert.equal(await start(pod, 'one', '--pre-start=before'), 'failed\n');
    assert.equal(pod.status('one'), '9\n');
  });

  test('stop while the pre-start handler runs, ends that and starts nothing', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: 'echo never' }, { name: 'before', script: `echo up; ${forever}` }]);
    const started = start(pod, 'one', '--pre-start=before');
    await pod.untilOutput('up');
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(await started, 'failed\n');
    assert.doesNotMatch(pod.stdout, /never/);
  });

  test('stop with a post-stop handler that hangs, is answered after the grace', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `trap 'exit 0' TERM; echo up; ${forever}` }, { name: 'after', script: `trap '' TERM; ${forever}` }], { graceMs: 300 });
    await start(pod, 'one', '--post-stop=after');
    await pod.untilOutput('up');
    assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    assert.equal(pod.status('one'), '0\n');
  });

  test('an app that comes and goes many times, leaves no descriptor and no memory in the supervisor', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: forever }]);
    fs.mkdirSync(pod.path('attach'));
    const cycle = async (): Promise<void> => {
      assert.equal(await start(pod, 'one', '--restart=always', '--health-tcp=1', '--stdout=stream', '--attach=attach'), 'ok\n');
      assert.equal(await ask(pod, 'stop', 'one'), 'ok\n');
    };
    const held = (): { fds: number; heap: number } => ({
      fds: fs.readdirSync(`/proc/${pod.pid}/fd`).length,
      heap: Number(/^VmData:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pod.pid}/status`, 'utf8'))?.[1]),
    });
    for (let i = 0; i < 3; i++) await cycle();
    const before = held();
    for (let i = 0; i < 12; i++) await cycle();
    const after = held();
    assert.equal(after.fds, before.fds);
    if (process.env['RKT_SUPERVISOR'] === undefined) assert.ok(after.heap - before.heap < 16, `${before.heap} kB, then ${after.heap} kB`);
  });

  test('start while the pod ends, is refused', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `trap '' TERM; echo up; ${forever}` }, { name: 'two', script: '' }], { graceMs: 1000 });
    await start(pod, 'one');
    await pod.untilOutput('up');
    pod.kill('SIGTERM');
    assert.equal(await start(pod, 'two'), 'ending\n');
    assert.equal((await pod.ended).code, 0);
  });
});

const wrong: [string, string, string][] = [
  ['nothing', '', 'bad message\n'],
  ['a word that does not end', 'stop', 'bad message\n'],
  ['an unknown verb', 'frob\0', 'bad verb\n'],
  ['a start of nothing', 'start\0', 'bad start: expected --app=NAME\n'],
  ['a start without an app', 'start\0--bundle=x\0', 'bad --bundle: expected --app=NAME\n'],
  ['a name that is a path', 'start\0--app=../x\0--bundle=x\0', 'bad --app: not a name for an app\n'],
  ['no bundle', 'start\0--app=x\0', 'bad x: has no --bundle\n'],
  ['a bad value', 'start\0--app=x\0--bundle=x\0--stdin=y\0', 'bad --stdin: must be null, inherit or stream\n'],
  ['a probe that is none', 'start\0--app=x\0--bundle=x\0--health-tcp=0\0', 'bad --health-tcp: not a number that can be used here\n'],
  ['a bad value after a probe', 'start\0--app=x\0--bundle=x\0--health-tcp=80\0--stdin=y\0', 'bad --stdin: must be null, inherit or stream\n'],
  ['a bad value after streams', 'start\0--app=x\0--bundle=x\0--stdout=stream\0--stdin=y\0', 'bad --stdin: must be null, inherit or stream\n'],
  ["a word of the pod's", 'start\0--app=x\0--hostname=y\0', 'bad --hostname: unknown, or without its =VALUE\n'],
  ['a terminal', 'start\0--app=x\0--bundle=x\0--tty\0', 'bad x: the terminal is not for an app that comes later\n'],
  ['too many words', `start\0${'x\0'.repeat(400)}`, 'bad message\n'],
  ['a long message', `start\0--app=${'x'.repeat(80_000)}\0`, 'bad message: it is too long\n'],
  ['a long word', `start\0--app=x\0${'y'.repeat(2000)}\0`, `bad ${'y'.repeat(195)}\n`],
];

describe('supervisor, messages', { skip }, () => {
  test('what cannot be obeyed, is answered and ends nothing', async (t) => {
    const pod = await startMutablePod(t, []);
    for (const [what, message, answer] of wrong) assert.equal(await exchange(pod, message), answer, what);
    assert.equal(await ask(pod, 'stop', 'x'), 'absent\n');
  });

  test('peers that say nothing, hold up nobody who does not wait behind them', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: forever }]);
    const silent = Array.from({ length: 40 }, () => net.connect({ path: pod.path('control'), allowHalfOpen: true }));
    for (const socket of silent) socket.on('error', () => {});
    await until('connections', () => silent.every((socket) => !socket.connecting));
    const started = start(pod, 'one');
    for (const socket of silent) socket.destroy();
    assert.equal(await started, 'ok\n');
  });

  test('a peer that goes while it waits, is let go', async (t) => {
    const pod = await startMutablePod(t, [{ name: 'one', script: `trap '' TERM; echo up; ${forever}` }]);
    await start(pod, 'one');
    await pod.untilOutput('up');
    const open = (): number => fs.readdirSync(`/proc/${pod.pid}/fd`).length;
    const before = open();
    const socket = net.connect({ path: pod.path('control'), allowHalfOpen: true });
    socket.end('stop\0one\0');
    await until('the connection', () => open() === before + 1);
    socket.destroy();
    await until('its end', () => open() === before);
  });
});

/** Of the controller whose hierarchy the host has: v1, or v2. */
function cgroupOf(pod: SupervisedPod, app: string): string {
  const config = JSON.parse(fs.readFileSync(pod.path(`${app}/config.json`), 'utf8')) as { linux: { cgroupsPath: string } };
  const root = fs.existsSync('/sys/fs/cgroup/memory') ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
  return root + config.linux.cgroupsPath;
}
