import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs, rktProgram } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const linesOf = (text: string): string[] => text.trimEnd().split('\n');
const logged = (scene: Scene, name: string, script: string, ...flags: string[]): string[] => [scene.aci, `--name=${name}`, '--stdout=log', '--stderr=log', ...flags, ...shell(script)];

/** Runs a pod to its end and gives its UUID. */
async function ranPod(scene: Scene, ...words: string[]): Promise<string> {
  const file = scene.home.file(`uuid-${process.hrtime.bigint()}`);
  await scene.insecure(['run', '--net=none', `--uuid-file-save=${file}`, ...words]);
  return readFileSync(file, 'utf8').trim();
}

test('logs, an exited pod, has both streams apart, the last line and bytes as they were', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'echo out; echo error >&2; printf "\\\\303\\\\251 \\\\377 half"'));
  const { stdout, stderr } = await scene.rkt(['logs', uuid]);
  assert.match(stdout, /^out\né \ufffd half\n$/);
  assert.equal(stderr, 'error\n');
});

test('logs, timestamps, are those of the records', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'echo a; echo b'));
  const { stdout } = await scene.rkt(['logs', '--timestamps', uuid]);
  assert.match(stdout, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z a\n\S+Z b\n$/);
});

test('logs, two apps, are merged by time with their names, or one is chosen', root, async () => {
  await using scene = openScene();
  const script = 'for n in 1 2 3 4; do echo $n; sleep 0.2; done';
  const uuid = await ranPod(scene, ...logged(scene, 'one', script), '---', ...logged(scene, 'two', script));
  const { stdout } = await scene.rkt(['logs', '--timestamps', uuid]);
  const times = linesOf(stdout).map((line) => line.split(' ')[0]!);
  assert.deepEqual(times, times.toSorted());
  for (const name of ['one', 'two']) {
    assert.deepEqual(linesOf(stdout).filter((line) => line.includes(` ${name}: `)).map((line) => line.split(' ')[2]), ['1', '2', '3', '4']);
    assert.equal((await scene.rkt(['logs', `--app=${name}`, uuid])).stdout, '1\n2\n3\n4\n');
  }
});

test('logs, rotated files, are read from the oldest on, and tail gives the end', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'seq 100000 107999', '--log-size=64Ki', '--log-files=3'));
  const directory = `${scene.home.dataDir}/pods/run/${uuid}/logs`;
  assert.deepEqual(readdirSync(directory).sort(), ['one.log', 'one.log.1', 'one.log.2']);
  const all = linesOf((await scene.rkt(['logs', uuid])).stdout).map(Number);
  assert.equal(all.at(-1), 107_999);
  assert.ok(all.length > 2000 && all.length < 8000);
  const [, ...whole] = all;
  assert.deepEqual(whole, Array.from(whole, (_, index) => 108_000 - whole.length + index));
  assert.equal((await scene.rkt(['logs', '--tail=2', uuid])).stdout, '107998\n107999\n');
  assert.equal((await scene.rkt(['logs', '--tail=0', uuid])).stdout, '');
});

test('logs, since, leaves out what is older', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'echo now'));
  const log = `${scene.home.dataDir}/pods/run/${uuid}/logs/one.log`;
  writeFileSync(log, `2020-01-01T10:00:00.000000000Z stdout F long ago\n${readFileSync(log, 'utf8')}`);
  assert.equal((await scene.rkt(['logs', uuid])).stdout, 'long ago\nnow\n');
  for (const since of ['10m', '2020-01-02', '2020-01-01T10:00:01Z', '2020-01-01T11:00:00+00:59']) {
    assert.equal((await scene.rkt(['logs', `--since=${since}`, uuid])).stdout, 'now\n', since);
  }
  assert.equal((await scene.rkt(['logs', '--since=2020-01-01T12:00:00+02:00', uuid])).stdout, 'long ago\nnow\n');
});

test('logs, lines that are damaged or not records, do not keep the others away', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'echo fine'));
  appendFileSync(`${scene.home.dataDir}/pods/run/${uuid}/logs/one.log`, '\n\nx\n2026 stdout\n2026 other F x\n\0\0 \0 F\n2030-01-01T00:00:00.000000000Z stdout F also\n2030-01-01T00:00:00.000000000Z stdout F cut off');
  assert.equal((await scene.rkt(['logs', uuid])).stdout, 'fine\nalso\n');
});

test('logs, follow, shows lines as they come, through rotation, until the pod ends', root, async () => {
  await using scene = openScene();
  const script = 'echo first; while ! [ -e /data/go ]; do sleep 0.1; done; seq 100000 109999; echo last';
  mkdirSync(scene.home.file('volume'));
  const volume = [`--volume=data,kind=host,source=${scene.home.file('volume')}`, '--mount=volume=data,target=/data'];
  const pod = await startRkt(scene, ['run', '--net=none', ...volume, ...logged(scene, 'one', script, '--log-size=512Ki', '--log-files=10')]);
  const child = spawn(rktProgram(), [...scene.home.flags, 'logs', '--follow', pod.uuid], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const ended = new Promise((resolve) => child.once('close', resolve));
  while (!text.includes('first\n')) await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(scene.home.file('volume/go'), '');
  assert.equal(await ended, 0);
  assert.deepEqual(linesOf(text), ['first', ...Array.from({ length: 10_000 }, (_, index) => String(100_000 + index)), 'last']);
});

test('logs, a reader that has had enough, ends it', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'seq 1 100000'));
  const child = spawn('sh', ['-c', '"$@" | head -n 1', 'sh', rktProgram(), ...scene.home.flags, 'logs', uuid], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more: string) => (output += more));
  await new Promise((resolve) => child.once('close', resolve));
  assert.equal(output, '1\n');
});

test('logs, a pod without a log, says where the output is and what to do', root, async () => {
  await using scene = openScene();
  const inherited = await ranPod(scene, scene.aci, ...shell('true'));
  const { stderr } = await scene.rkt(['logs', inherited], { status: 254 });
  assert.match(stderr, /app "busybox" of pod ".*" has no log: its output goes where that of rkt goes/);
  assert.match(stderr, /--stdout=log --stderr=log/);
  const nothing = await ranPod(scene, scene.aci, '--stdout=null', ...shell('true'));
  assert.match((await scene.rkt(['logs', nothing], { status: 254 })).stderr, /is thrown away/);
});

test('logs, what cannot be asked, is refused', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'true'));
  for (const [words, message] of [
    [['--app=other', uuid], /app "other" is not in pod/],
    [['--tail=-1', uuid], /--tail takes a number of lines/],
    [['--since=yesterday', uuid], /--since takes a duration/],
    [['11111111-1111-1111-1111-111111111111'], /no matches found|problem retrieving pod/],
  ] as const) {
    assert.match((await scene.rkt(['logs', ...words], { status: 254 })).stderr, message);
  }
});

test('logs, a link in the log\'s place, is not followed', root, async () => {
  await using scene = openScene();
  const uuid = await ranPod(scene, ...logged(scene, 'one', 'true'));
  const directory = `${scene.home.dataDir}/pods/run/${uuid}/logs`;
  mkdirSync(directory, { recursive: true });
  symlinkSync('/etc/passwd', `${directory}/one.log`);
  assert.doesNotMatch((await scene.rkt(['logs', uuid], { status: 'any' })).output, /root:/);
});
