import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { type AppSpec, namespaceMembers, runPod, runtimePath, skip, startPod, type SupervisedPod, until } from './supervised-pod.ts';

const forever = 'while :; do sleep 0.1; done';
const quick = ['--health-interval-ms=100', '--health-timeout-ms=5000'];
const serve = (body: string, port = 8080): string =>
  `printf '%s' '#!/bin/busybox sh
${body}' >/answer; busybox chmod 755 /answer; while :; do busybox nc -l -p ${port} -e /answer; done`;
const answering = (status: string): string => serve(`busybox head -n 1 >>/asked; printf "HTTP/1.1 ${status}\\r\\n\\r\\n"`);

const health = (pod: SupervisedPod): string => pod.read('status/.one.health') ?? '';
const untilHealth = (pod: SupervisedPod, pattern: RegExp): Promise<unknown> =>
  until(`health ${pattern} instead of ${health(pod)}`, () => pattern.test(health(pod)));
const app = (spec: Partial<AppSpec>): AppSpec => ({ name: 'one', script: forever, ...spec, flags: [...quick, ...(spec.flags ?? [])] });

describe('supervisor, probes by a command', { skip }, () => {
  test('one that passes, makes the app healthy and only then the pod ready', async (t) => {
    const pod = startPod(t, { apps: [app({ script: `sleep 1; : >/up; ${forever}`, probe: '[ -e /up ]', flags: ['--health-interval-ms=60000'] })] });
    await untilHealth(pod, /^starting 0\n/);
    assert.equal(pod.isReady, false);
    await untilHealth(pod, /^healthy 0\n\n$/);
    await until('readiness', () => pod.isReady);
    assert.equal(pod.stderr, '');
  });

  test('one that fails, counts, keeps the first line it wrote and makes the app unhealthy, then healthy again', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: "[ -e /ok ] || { printf 'no\\033[31m such file\\nmore'; exit 1; }", flags: ['--health-retries=2'] })] });
    await untilHealth(pod, /^unhealthy 2\nno \[31m such file\n$/);
    assert.equal(pod.isReady, false);
    await until('a word about it', () => pod.stderr === 'rkt: supervisor: one: unhealthy, 2 probes in a row have failed\n');
    fs.writeFileSync(pod.path('rootfs/ok'), '');
    await untilHealth(pod, /^healthy 0\n/);
  });

  test('one of a program that is not there, says so', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: 'exec /nowhere/probe' })] });
    await untilHealth(pod, /^unhealthy \d+\n.*not found/);
  });

  test('failures in the first time of an app, do not count', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: 'echo x >>/tries; exit 1', flags: ['--health-start-period-ms=600000', '--health-retries=1'] })] });
    await untilTries(pod, 4);
    assert.match(health(pod), /^starting 0\n/);
  });

  test('one that takes too long, is killed with all it started and has failed', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: 'echo x >>/tries; sleep 1000 & sleep 1001', flags: ['--health-timeout-ms=200', '--health-retries=1'] })] });
    await untilHealth(pod, /^unhealthy \d+\ntimed out after 200 ms\n$/);
    await untilTries(pod, 5);
    assert.ok(sleepers(pod) <= 3, `${sleepers(pod)} processes of probes`);
  });

  // Under runc what is run leads its session, and setsid(1) leaves a child behind instead.
  test('one that takes too long and has left its session, is killed', { skip: runtimePath.endsWith('runc') && 'needs crun' }, async (t) => {
    const pod = startPod(t, { apps: [app({ probe: 'echo x >>/tries; exec busybox setsid busybox sleep 1000', flags: ['--health-timeout-ms=200'] })] });
    await untilTries(pod, 5);
    assert.ok(sleepers(pod) <= 2, `${sleepers(pod)} processes of probes`);
  });

  test('one that writes without end, is read and does not hold up the pod', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: 'busybox yes', flags: ['--health-timeout-ms=500', '--health-retries=1'] })] });
    await untilHealth(pod, /^unhealthy \d+\n/);
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGTERM' });
  });

  test('a pod that is stopped while a probe runs, ends and leaves nothing', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: ': >/probing; sleep 1000', flags: ['--health-timeout-ms=600000'] })] });
    await until('a probe', () => pod.read('rootfs/probing') !== undefined);
    const members = namespaceMembers(pod.init);
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: null, signal: 'SIGTERM' });
    assert.deepEqual(members(), []);
    assert.equal(pod.isLocked, false);
  });

  test('an app that ends by itself while it is probed, ends the pod with its code', async (t) => {
    const pod = await runPod(t, { apps: [app({ script: 'sleep 0.5; exit 3', probe: 'sleep 1000' })] });
    assert.deepEqual(pod.ending, { code: 3, signal: null }, pod.stderr);
  });

  test('many probes, leave no dead processes and one descriptor less', async (t) => {
    const pod = startPod(t, { apps: [app({ probe: 'echo x >>/tries', flags: ['--health-interval-ms=10'] })] });
    await untilTries(pod, 5);
    const before = descriptors(pod);
    await untilTries(pod, 30);
    assert.ok(descriptors(pod) <= before + 1, `${before} before, ${descriptors(pod)} after`);
    assert.ok(children(pod.pid) <= 4, `${children(pod.pid)} children`);
  });
});

describe('supervisor, probes over the network', { skip }, () => {
  test('tcp, a port that is open, passes; before that the app is not ready', async (t) => {
    const pod = startPod(t, { apps: [app({ script: `sleep 1; ${serve('busybox true')}`, flags: ['--health-tcp=8080'] })] });
    await untilHealth(pod, /^starting \d\ncannot connect: Connection refused\n|^healthy/);
    await untilHealth(pod, /^healthy 0\n/);
    await until('readiness', () => pod.isReady);
  });

  test('tcp, a port nobody listens on, fails', async (t) => {
    const pod = startPod(t, { apps: [app({ flags: ['--health-tcp=8081'] })] });
    await untilHealth(pod, /^unhealthy \d+\ncannot connect: Connection refused\n/);
  });

  test('http, an answer of 204, passes; the path is what was asked for', async (t) => {
    const pod = startPod(t, { apps: [app({ script: answering('204 No Content'), flags: ['--health-http=8080/well?now=1'] })] });
    await untilHealth(pod, /^healthy 0\n/);
    assert.match(pod.read('rootfs/asked') ?? '', /^GET \/well\?now=1 HTTP\/1.1\r\n/);
  });

  test('http, an answer of 503, fails with it', async (t) => {
    const pod = startPod(t, { apps: [app({ script: answering('503 Busy'), flags: ['--health-http=8080/'] })] });
    await untilHealth(pod, /^unhealthy \d+\nHTTP status 503\n/);
  });

  test('http, an answer that is none, fails', async (t) => {
    const pod = startPod(t, { apps: [app({ script: serve('printf "SSH-2.0-x 200 200\\n"'), flags: ['--health-http=8080/'] })] });
    await untilHealth(pod, /^unhealthy \d+\nthe answer is not HTTP\n/);
  });

  test('http, an answer that never ends, is given up', async (t) => {
    const pod = startPod(t, { apps: [app({ script: serve('exec busybox yes ""'), flags: ['--health-http=8080/', '--health-timeout-ms=2000'] })] });
    await untilHealth(pod, /^unhealthy \d+\nthe answer is not HTTP\n/);
  });

  test('http, no answer at all, times out', async (t) => {
    const pod = startPod(t, { apps: [app({ script: serve('busybox sleep 1000'), flags: ['--health-http=8080/', '--health-timeout-ms=200', '--health-retries=1'] })] });
    await untilHealth(pod, /^unhealthy \d+\ntimed out after 200 ms\n/);
  });
});

describe('supervisor, unhealthy apps', { skip }, () => {
  const sick = (flags: string[], script = `trap 'echo asked; exit 9' TERM; echo up; ${forever}`): AppSpec =>
    app({ script, probe: 'exit 1', flags: ['--health-retries=1', ...flags] });

  test('kill, without a restart policy, is the failure of the app', async (t) => {
    const pod = await runPod(t, { apps: [sick(['--health-on-failure=kill'])] });
    assert.deepEqual([pod.ending, pod.status('one'), pod.stdout], [{ code: null, signal: 'SIGKILL' }, '137\n', 'up\n']);
  });

  test('kill, with a restart policy, starts the app again', async (t) => {
    const pod = await runPod(t, { apps: [sick(['--health-on-failure=kill', '--restart=on-failure:1'])] });
    assert.deepEqual([pod.status('one'), pod.stdout, pod.read('status/.one.restarts')], ['137\n', 'up\nup\n', '1 137 running\n']);
  });

  test('stop, asks the app to end and does not start it again', async (t) => {
    const pod = await runPod(t, { apps: [sick(['--health-on-failure=stop', '--restart=always'])] });
    assert.deepEqual([pod.ending, pod.status('one'), pod.stdout], [{ code: 9, signal: null }, '9\n', 'up\nasked\n']);
  });

  test('restart, asks the app to end and starts it again whatever its policy', async (t) => {
    const pod = startPod(t, { apps: [sick(['--health-on-failure=restart'])] });
    await pod.untilOutput('up\nasked\nup\nasked\nup\n');
    assert.equal(pod.status('one'), undefined);
    pod.kill('SIGTERM');
    assert.deepEqual(await pod.ended, { code: 9, signal: null });
  });

  test('restart, of an app that does not end when asked, kills it after the grace', async (t) => {
    const pod = startPod(t, { graceMs: 300, apps: [sick(['--health-on-failure=restart'], `trap '' TERM; echo up; ${forever}`)] });
    await pod.untilOutput('up\nup\n');
    assert.match(pod.read('status/.one.restarts') ?? '', /^\d 137 /);
  });

  test('an app that is started again, is probed from the start', async (t) => {
    const script = `echo run >>/log; echo up; ${forever}`;
    const pod = startPod(t, { apps: [app({ script, probe: '[ $(grep -c run /log) -ge 2 ]', flags: ['--health-retries=1', '--health-on-failure=restart'] })] });
    await pod.untilOutput('up\nup\n');
    await untilHealth(pod, /^healthy 0\n/);
    await until('readiness', () => pod.isReady);
  });
});

/** What the probes of a pod have written, a line each. */
function untilTries(pod: SupervisedPod, count: number): Promise<unknown> {
  return until(`${count} probes`, () => (pod.read('rootfs/tries') ?? '').split('\n').length > count, 60_000);
}

/** Processes of probes that do not end by themselves. */
function sleepers(pod: SupervisedPod): number {
  return namespaceMembers(pod.init)().filter((pid) => commandOf(pid).includes('sleep 100')).length;
}

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function descriptors(pod: SupervisedPod): number {
  return fs.readdirSync(`/proc/${pod.pid}/fd`).length;
}

function children(pid: number): number {
  return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').length;
}
