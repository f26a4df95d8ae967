import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { runPod, skip, type SupervisedPod, startPod } from './supervised-pod.ts';

const app = (script: string) => [{ name: 'one', script, terminal: true, flags: ['--tty'] }];
const showModes = { before: 'stty rows 33 cols 101', after: 'echo "code=$code"; stty -a; exit $code' };
const terminalOf = (pod: SupervisedPod): string => fs.readlinkSync(`/proc/${pod.pid}/fd/0`);
const restored = /(?<!-)isig (?<!-)icanon[^]*(?<!-)echo /;

describe('supervisor, --tty on a terminal', { skip }, () => {
  test('an app, has a terminal of the caller\'s size', async (t) => {
    const pod = await runPod(t, { terminal: showModes, stdin: 'pipe', apps: app('sleep 0.3; stty size; busybox test -t 0 && busybox test -t 2 && echo yes; exit 3') });
    assert.match(pod.stdout, /33 101\r\nyes\r\ncode=3\r\n/, pod.stdout + pod.stderr);
    assert.match(pod.stdout, restored);
  });

  test('what is typed, reaches the app and is shown once', async (t) => {
    const pod = startPod(t, { terminal: showModes, stdin: 'pipe', apps: app('echo up; read line; echo "<$line>"') });
    await pod.untilOutput('up');
    pod.child.stdin?.write('hello\r');
    await pod.ended;
    assert.match(pod.stdout, /up\r\nhello\r\n<hello>\r\ncode=0/);
  });

  test('^C, is the app\'s and not ours', async (t) => {
    const pod = startPod(t, { terminal: showModes, stdin: 'pipe', apps: app(`trap 'exit 9' INT; echo up; while :; do sleep 0.1; done`) });
    await pod.untilOutput('up');
    pod.child.stdin?.write('\x03');
    await pod.ended;
    assert.match(pod.stdout, /code=9/);
  });

  test('a new size of the terminal, reaches the app', async (t) => {
    const pod = startPod(t, { terminal: showModes, stdin: 'pipe', apps: app(`trap 'stty size; [ "$(stty size)" != "44 55" ] || exit 0' WINCH; echo up; while :; do sleep 0.1; done`) });
    await pod.untilOutput('up');
    spawnSync('stty', ['-F', terminalOf(pod), 'rows', '44', 'cols', '55']);
    await pod.ended;
    assert.match(pod.stdout, /44 55\r\n/);
  });

  test('while it runs, the terminal is raw', async (t) => {
    const pod = startPod(t, { terminal: showModes, stdin: 'pipe', apps: app('echo up; read line') });
    await pod.untilOutput('up');
    const modes = spawnSync('stty', ['-a', '-F', terminalOf(pod)], { encoding: 'utf8' }).stdout;
    assert.match(modes, /-isig -icanon[^]*-echo /);
    pod.child.stdin?.write('\r');
    await pod.ended;
  });

  test('an app that dies by a signal, leaves the terminal as it was', async (t) => {
    const pod = startPod(t, { terminal: showModes, stdin: 'pipe', apps: app('echo up; exec busybox sleep 60') });
    await pod.untilOutput('up');
    pod.kill('SIGTERM');
    await pod.ended;
    assert.match(pod.stdout, /code=143/);
    assert.match(pod.stdout, restored);
  });

  test('much output, arrives whole and before the end', async (t) => {
    const pod = await runPod(t, { terminal: showModes, stdin: 'pipe', apps: app('seq 1 50000; exit 0') });
    const lines = pod.stdout.split('\r\n').filter((line) => /^\d+$/.test(line));
    assert.equal(lines.length, 50_000);
    assert.equal(lines.at(-1), '50000');
  });

  test('a runtime that fails, leaves the terminal as it was', async (t) => {
    const pod = await runPod(t, { terminal: showModes, stdin: 'pipe', apps: [{ name: 'one', script: '', broken: true, flags: ['--tty'] }] });
    assert.match(pod.stdout, /code=254/);
    assert.match(pod.stdout, restored);
    assert.equal(fs.existsSync(pod.path('one/console.sock')), false);
  });
});

describe('supervisor, --tty without a terminal', { skip }, () => {
  test('an app, has one all the same', async (t) => {
    const pod = await runPod(t, { apps: app('busybox test -t 1 && echo yes') });
    assert.deepEqual([pod.ending.code, pod.stdout], [0, 'yes\r\n'], pod.stderr);
  });

  test('the end of a piped input, ends the app\'s', async (t) => {
    const pod = startPod(t, { stdin: 'pipe', apps: app('stty -echo; echo up; cat; echo end') });
    await pod.untilOutput('up');
    pod.child.stdin?.end('whole\nhalf');
    assert.deepEqual((await pod.ended).code, 0);
    assert.equal(pod.stdout, 'up\r\nwhole\r\nhalfend\r\n');
  });

  test('much input, arrives whole', async (t) => {
    const pod = startPod(t, { stdin: 'pipe', apps: app('stty -echo; echo up; wc -c') });
    await pod.untilOutput('up');
    pod.child.stdin?.end('0123456789\n'.repeat(20_000));
    await pod.ended;
    assert.equal(pod.stdout, 'up\r\n220000\r\n');
  });

  test('output that nobody reads any more, does not hold up the app', async (t) => {
    const pod = startPod(t, { apps: app('echo up; sleep 0.3; seq 1 20000; exit 6') });
    await pod.untilOutput('up');
    pod.child.stdout?.destroy();
    assert.equal((await pod.ended).code, 6);
  });

  test('a process of the app that keeps the terminal, does not outlive it', async (t) => {
    const pod = await runPod(t, { apps: app('busybox setsid busybox sleep 60 & sleep 0.2; echo last') });
    assert.deepEqual([pod.ending.code, pod.stdout], [0, 'last\r\n']);
  });
});
