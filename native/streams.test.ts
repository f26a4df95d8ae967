/** What becomes of the output of apps that do not write to the caller's descriptors themselves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { type AppSpec, runPod, skip, type SupervisedPod, startPod, until } from './supervised-pod.ts';

const lines = ['--stdout=lines', '--stderr=lines'];
const log = (...more: string[]): string[] => ['--stdout=log', '--stderr=log', '--log=one.log', '--log-files=3', ...more];
const app = (name: string, script: string, flags = lines): AppSpec => ({ name, script, flags });
const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');
/** Without the numbers of processes. */
const named = (text: string): string[] => linesOf(text).map((line) => line.replace(/^(\w+)\[\d+\]/, '$1'));

interface LogRecord { readonly time: string; readonly stream: string; readonly tag: string; readonly text: string }

function records(text: string): LogRecord[] {
  return linesOf(text).map((line) => {
    const [, time = '', stream = '', tag = '', rest = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([FP]) (.*)$/.exec(line) ?? assert.fail(`no record: ${line}`);
    return { time, stream, tag, text: rest };
  });
}

/** Parts put together, as whoever reads logs does. */
function whole(all: readonly LogRecord[]): LogRecord[] {
  const begun: Record<string, string> = {};
  return all.flatMap((record) => {
    const text = (begun[record.stream] ?? '') + record.text;
    begun[record.stream] = record.tag === 'P' ? text : '';
    return record.tag === 'P' ? [] : [{ ...record, text }];
  });
}

const logOf = (pod: SupervisedPod, name = 'one.log'): LogRecord[] => records(pod.read(name) ?? '');

describe('supervisor, output in lines', { skip }, () => {
  test('two apps, every line has the name of its app and the number of its process in the pod', async (t) => {
    const say = 'sleep 0.1; echo "I am $$"; echo "$$ complains" >&2';
    const pod = await runPod(t, { apps: [app('one', say), app('two', say)] });
    assert.equal(pod.ending.code, 0, pod.stderr);
    for (const name of ['one', 'two']) {
      assert.match(pod.stdout, new RegExp(`^${name}\\[(\\d+)\\]: I am \\1$`, 'm'));
      assert.match(pod.stderr, new RegExp(`^${name}\\[(\\d+)\\]: \\1 complains$`, 'm'));
    }
  });

  test('last lines without an end, are completed', async (t) => {
    const half = 'printf "whole\\nhalf"; printf problem >&2';
    const pod = await runPod(t, { apps: [app('one', half), app('two', half)] });
    assert.deepEqual(named(pod.stdout).sort(), ['one: half', 'one: whole', 'two: half', 'two: whole']);
    assert.deepEqual(named(pod.stderr).sort(), ['one: problem', 'two: problem']);
  });

  test('apps that write all the time, never share a line and lose none', async (t) => {
    const chatter = 'seq 1 20000; seq 1 20000 >&2';
    const pod = await runPod(t, { apps: [app('one', chatter), app('two', chatter), app('three', chatter)] });
    for (const text of [pod.stdout, pod.stderr]) {
      const all = named(text);
      for (const name of ['one', 'two', 'three']) {
        const own = all.filter((line) => line.startsWith(`${name}: `)).map((line) => Number(line.slice(name.length + 2)));
        assert.deepEqual(own, Array.from({ length: 20_000 }, (_, index) => index + 1), name);
      }
      assert.equal(all.length, 60_000);
    }
  });

  test('a line in pieces, waits until it is whole', async (t) => {
    const pieces = 'printf a; sleep 0.2; printf b; sleep 0.2; echo c';
    const pod = await runPod(t, { apps: [app('one', pieces), app('two', pieces)] });
    assert.deepEqual(named(pod.stdout).sort(), ['one: abc', 'two: abc']);
  });

  test('a line without an end in sight, is cut', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'head -c 100000 /dev/zero | tr "\\0" x')] });
    const all = named(pod.stdout);
    assert.ok(all.length > 1);
    assert.equal(all.map((line) => line.replace('one: ', '')).join(''), 'x'.repeat(100_000));
  });

  test('output and errors that go to one place, do not share a line', async (t) => {
    const pod = await runPod(t, { prefix: ['sh', '-c', 'exec "$@" 2>&1', 'sh'], apps: [app('one', 'seq 1 20000 & seq 1 20000 >&2; wait'), app('two', 'seq 1 20000')] });
    const odd = linesOf(pod.stdout).filter((line) => !/^(one|two)\[\d+\]: \d+$/.test(line));
    assert.deepEqual([odd, linesOf(pod.stdout).length, pod.ending], [[], 60_000, { code: 0, signal: null }]);
  });

  test('a reader that is slow, gets all of it in the end', async (t) => {
    const pod = startPod(t, { apps: [app('one', 'seq 1 100000'), app('two', 'seq 1 100000')] });
    pod.child.stdout?.pause();
    await until('the apps to have started', () => pod.isReady);
    await new Promise((resolve) => setTimeout(resolve, 300));
    pod.child.stdout?.resume();
    await pod.ended;
    assert.equal(linesOf(pod.stdout).length, 200_000);
  });

  test('a reader that has stopped, does not keep a pod from ending that is asked to', async (t) => {
    const pod = startPod(t, { graceMs: 500, apps: [app('one', 'seq 1 1000000; sleep 60'), app('two', 'sleep 60')] });
    pod.child.stdout?.pause();
    await until('the apps to have started', () => pod.isReady);
    pod.kill('SIGTERM');
    await until('the end of the supervisor', () => pod.child.signalCode !== null || pod.child.exitCode !== null);
    assert.equal(pod.child.signalCode, 'SIGTERM');
  });

  test('a reader that is gone, breaks the pipe of the apps', async (t) => {
    const pod = startPod(t, { apps: [app('one', 'echo up; while echo on; do sleep 0.02; done; exit 7')] });
    await pod.untilOutput('up');
    pod.child.stdout?.destroy();
    assert.equal((await pod.ended).signal ?? 'none', 'SIGPIPE');
  });

  test('what the runtime says of an app that cannot start, is said', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: '', flags: lines, broken: true }] });
    assert.equal(pod.ending.code, 254);
    assert.match(pod.stderr, /^one: .*config\.json/m);
  });
});

describe('supervisor, output that is copied', { skip }, () => {
  const copy = ['--stdout=copy', '--stderr=copy'];

  test('bytes, are what the app wrote, with neither names nor ends of lines that it did not write', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'printf "a\\n\\nb\\tc"; printf half >&2; exit 3', copy)] });
    assert.deepEqual([pod.stdout, pod.stderr, pod.ending.code], ['a\n\nb\tc', 'half', 3]);
  });

  test('much of it and a slow reader, is all there', async (t) => {
    const pod = startPod(t, { apps: [app('one', 'seq 1 200000', copy)] });
    pod.child.stdout?.pause();
    await until('the app to have started', () => pod.isReady);
    await new Promise((resolve) => setTimeout(resolve, 300));
    pod.child.stdout?.resume();
    await pod.ended;
    assert.equal(pod.stdout, Array.from({ length: 200_000 }, (_, at) => `${at + 1}\n`).join(''));
  });

  test('a reader who goes, breaks the pipe of the app', async (t) => {
    const pod = startPod(t, { apps: [app('one', 'echo up; while echo on; do sleep 0.02; done; exit 7', copy)] });
    await pod.untilOutput('up');
    pod.child.stdout?.destroy();
    assert.equal((await pod.ended).signal ?? 'none', 'SIGPIPE');
  });

  test('a program that opens its output by name, is heard', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'echo out >/dev/stdout; echo error >/dev/stderr', copy)] });
    assert.deepEqual([pod.stdout, pod.stderr], ['out\n', 'error\n']);
  });
});

describe('supervisor, output to nowhere', { skip }, () => {
  test('null, is not printed and the app does not notice', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'echo out; echo error >&2; exit 3', ['--stdout=null', '--stderr=inherit'])] });
    assert.deepEqual([pod.stdout, pod.stderr, pod.ending.code], ['', 'error\n', 3]);
  });
});

describe('supervisor, output in a file', { skip }, () => {
  test('lines of both streams, are records in the order they came', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'echo a; echo b >&2; printf "c\\n\\nd\\n"', log())] });
    const shown = whole(logOf(pod)).map(({ stream, tag, text }) => `${stream} ${tag} ${text}`);
    assert.deepEqual(shown.filter((line) => line.startsWith('stdout')), ['stdout F a', 'stdout F c', 'stdout F ', 'stdout F d']);
    assert.deepEqual(shown.filter((line) => line.startsWith('stderr')), ['stderr F b']);
    assert.deepEqual([pod.stdout, pod.stderr], ['', '']);
    const times = logOf(pod).map(({ time }) => time);
    assert.deepEqual(times, times.toSorted());
    assert.ok(Math.abs(Date.parse(times[0]!) - Date.now()) < 60_000);
    assert.equal(fs.statSync(pod.path('one.log')).mode & 0o777, 0o640);
  });

  test('a line in pieces, has parts and an end', async (t) => {
    const after = (file: string): string => `while ! [ -e /${file} ]; do sleep 0.05; done`;
    const pod = startPod(t, { apps: [app('one', `printf a; ${after('b')}; printf b >&2; ${after('c')}; echo c`, log())] });
    for (const [seen, next] of [['P a', 'b'], ['P b', 'c']] as const) {
      await until(seen, () => pod.read('one.log')?.includes(seen));
      fs.writeFileSync(pod.path(`rootfs/${next}`), '');
    }
    await pod.ended;
    assert.deepEqual(logOf(pod).map(({ stream, tag, text }) => `${stream} ${tag} ${text}`), ['stdout P a', 'stderr P b', 'stdout F c', 'stderr F ']);
  });

  test('a file that is full, becomes the first of the older ones, of which the oldest goes', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'seq 1000 1999', log('--log-size=4000'))] });
    assert.deepEqual(fs.readdirSync(pod.dir).filter((name) => name.startsWith('one.log')).sort(), ['one.log', 'one.log.1', 'one.log.2']);
    for (const name of ['one.log', 'one.log.1', 'one.log.2']) assert.ok(fs.statSync(pod.path(name)).size <= 4000);
    // The first line that is kept may be the rest of one.
    const [, ...kept] = whole(['one.log.2', 'one.log.1', 'one.log'].flatMap((name) => logOf(pod, name))).map(({ text }) => Number(text));
    assert.ok(kept.length > 150);
    assert.deepEqual(kept, Array.from({ length: kept.length }, (_, index) => 2000 - kept.length + index));
  });

  test('a single file that is full, begins anew', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'seq 1000 1999', log('--log-size=4000', '--log-files=1'))] });
    assert.deepEqual(fs.readdirSync(pod.dir).filter((name) => name.startsWith('one.log')), ['one.log']);
    assert.equal(logOf(pod).at(-1)?.text, '1999');
  });

  test('a file that others have moved away, is followed by a new one', async (t) => {
    const pod = startPod(t, { apps: [app('one', 'echo first; while ! [ -e /go ]; do sleep 0.1; done; echo second', log())] });
    await until('the first record', () => pod.read('one.log'));
    fs.renameSync(pod.path('one.log'), pod.path('moved'));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    fs.writeFileSync(pod.path('rootfs/go'), '');
    await pod.ended;
    assert.deepEqual([logOf(pod, 'moved')[0]?.text, logOf(pod)[0]?.text], ['first', 'second']);
  });

  test('a disk that is full, loses lines and tells how many, and the app goes on', async (t) => {
    const smallDisk = ['sh', '-c', 'mkdir disk && mount -t tmpfs -o size=64k none disk && exec "$@"', 'sh'];
    const script = 'seq 1000 5999; echo done >&2; while ! [ -e /go ]; do sleep 0.1; done; echo last; sleep 0.1; echo end >&2; while ! [ -e /read ]; do sleep 0.1; done; exit 4';
    const flags = ['--stdout=log', '--log=disk/one.log', '--log-files=1', '--stderr=inherit'];
    const pod = startPod(t, { prefix: smallDisk, apps: [{ name: 'one', script, flags }] });
    await until('the app to go on', () => pod.stderr.includes('done') && pod.stderr.includes('cannot write'));
    assert.match(pod.stderr, /rkt: supervisor: cannot write the log disk\/one\.log: No space left on device/);
    const within = (command: string): string => spawnSync('nsenter', ['-m', '-t', String(pod.pid), 'sh', '-c', `cd ${pod.dir}/disk; ${command}`], { encoding: 'utf8' }).stdout;
    await untilIdle(pod.pid);
    const written = whole(records(within('cat one.log; : >one.log')));
    assert.deepEqual(written.map(({ text }) => Number(text)), Array.from(written, (_, index) => 1000 + index), 'whole lines from the first on');
    fs.writeFileSync(pod.path('rootfs/go'), '');
    await until('the app to end', () => pod.stderr.includes('end'));
    const later = whole(records(within('cat one.log'))).map(({ text }) => text);
    fs.writeFileSync(pod.path('rootfs/read'), '');
    const lost = /^rkt: (\d+) lines were not written here: No space left on device$/.exec(later[0] ?? '')?.[1];
    assert.deepEqual([written.length + Number(lost) + later.slice(1).length, later.at(-1)], [5001, 'last']);
    assert.equal((await pod.ended).code, 4);
  });

  for (const [what, make] of [
    ['a link', 'ln -s /etc/shadow-of-a-test one.log'],
    ['a pipe', 'mkfifo one.log'],
  ] as const)
    test(`${what} in the file's place, is not written to`, async (t) => {
      const pod = await runPod(t, { prefix: ['sh', '-c', `${make}; exec "$@"`, 'sh'], apps: [app('one', 'echo text; exit 5', log())] });
      assert.equal(pod.ending.code, 5);
      assert.match(pod.stderr, /cannot write the log one\.log/);
      assert.equal(fs.existsSync('/etc/shadow-of-a-test'), false);
    });

  test('what the runtime says of an app that cannot start, is told the caller too', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: '', flags: log(), broken: true }] });
    assert.equal(pod.ending.code, 254);
    assert.match(pod.stderr, /config\.json/);
    assert.match(logOf(pod)[0]!.text, /config\.json/);
  });

  test('an app that starts again, goes on in the same file', async (t) => {
    const script = 'echo run >>/log; n=$(grep -c run /log); printf "run $n"; [ $n -ge 3 ] || exit 3';
    const pod = await runPod(t, { apps: [app('one', script, log('--restart=on-failure'))] });
    assert.deepEqual(logOf(pod).map(({ tag, text }) => `${tag} ${text}`), ['P run 1', 'F ', 'P run 2', 'F ', 'P run 3', 'F ']);
  });

  test('a process that opens /dev/stdout again, whoever it is, writes to the log', async (t) => {
    const pod = await runPod(t, { apps: [{ ...app('one', 'echo again >/proc/self/fd/1', log()), user: 65534 }] });
    assert.deepEqual(logOf(pod).map(({ text }) => text), ['again']);
  });
});

describe('supervisor, output in the journal', { skip: skip || lacksJournald() }, () => {
  test('lines, are messages that tell app, pod, process and priority', async (t) => {
    const pod = await runWithJournal(t, [app('one', 'echo "to journal"; printf "half = whole" >&2; exit 6', ['--stdout=journal', '--stderr=journal', '--journal=/run/systemd/journal/socket'])]);
    assert.deepEqual([pod.ending.code, pod.stdout, pod.stderr], [6, '', '']);
    const shown = (): string => spawnSync('journalctl', ['--no-pager', '-o', 'json', '-D', pod.path('journal'), 'RKT_APP=one'], { encoding: 'utf8' }).stdout;
    const messages = await until('two messages', () => {
      const all = shown().split('\n').filter((line) => line !== '');
      return all.length === 2 && all.map((line) => JSON.parse(line) as Record<string, string>);
    });
    assert.deepEqual(messages.map(({ MESSAGE, PRIORITY }) => `${PRIORITY} ${MESSAGE}`).sort(), ['3 half = whole', '6 to journal']);
    assert.deepEqual([messages[0]!['SYSLOG_IDENTIFIER'], messages[0]!['RKT_POD'], messages[0]!['SYSLOG_PID']], ['one', '0e5f2a1c-0000-4000-8000-000000000000', String(pod.appPid('one'))]);
  });

  test('no journal there, the app goes on', async (t) => {
    const pod = await runPod(t, { apps: [app('one', 'echo a; echo b; exit 6', ['--stdout=journal', '--journal=none'])] });
    assert.deepEqual([pod.ending.code, pod.stderr], [6, 'rkt: supervisor: cannot write to the journal one: No such file or directory\n']);
  });
});

/** Waits until a process has had nothing to do for a while. */
async function untilIdle(pid: number): Promise<void> {
  const used = (): string => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join() + fs.readFileSync(`/proc/${pid}/io`, 'utf8');
  for (let before = ''; before !== used(); await new Promise((resolve) => setTimeout(resolve, 300))) before = used();
}

function lacksJournald(): string | false {
  return fs.existsSync('/usr/lib/systemd/systemd-journald') ? false : 'systemd-journald is not installed';
}

/** A journald of its own, in the pod's mount namespace; its files are the pod's `journal`. */
async function runWithJournal(t: TestContext, apps: readonly AppSpec[]): Promise<Awaited<ReturnType<typeof runPod>>> {
  const setUp = `mkdir -p /run/systemd /run/log/journal journal && mount -t tmpfs none /run/systemd && mkdir /run/systemd/journal &&
mount --bind journal /run/log/journal && if [ -d /var/log/journal ]; then mount -t tmpfs none /var/log/journal; fi
/usr/lib/systemd/systemd-journald >/dev/null 2>&1 & echo $! >journald.pid
while ! [ -S /run/systemd/journal/socket ]; do sleep 0.05; done; exec "$@"`;
  const pod = startPod(t, { prefix: ['sh', '-c', setUp, 'sh'], apps });
  const ending = await pod.ended;
  // Before the test is over: the pod's directory, and in it the number, goes first.
  const journald = Number(pod.read('journald.pid'));
  t.after(() => process.kill(journald, 'SIGKILL'));
  return Object.assign(pod, { ending });
}
