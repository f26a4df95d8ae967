/** Where the output of apps goes, and what the pod's manifest says of it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs, rktProgram, run } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const linesOf = (text: string): string[] => text.trimEnd().split('\n');
/** Without what rkt says of images. */
const apps = (text: string): string[] => linesOf(text).filter((line) => line !== '' && !line.startsWith('image: '));

test('run, several apps, print whole lines with their names and process ids', root, async () => {
  await using scene = openScene();
  const chatter = (name: string): string[] => [scene.aci, `--name=${name}`, ...shell('seq 1 5000; echo "pid $$" >&2; printf end')];
  const { stdout, stderr } = await scene.insecure(['run', '--net=none', ...chatter('one'), '---', ...chatter('two')]);
  for (const name of ['one', 'two']) {
    const own = linesOf(stdout).filter((line) => line.startsWith(`${name}[`)).map((line) => line.replace(/^\w+\[\d+\]: /, ''));
    assert.deepEqual(own, [...Array.from({ length: 5000 }, (_, index) => String(index + 1)), 'end']);
    assert.match(stderr, new RegExp(`^${name}\\[(\\d+)\\]: pid \\1$`, 'm'));
  }
  assert.equal(linesOf(stdout).length, 10_002);
});

test('run, one app, writes to the descriptors of the caller itself', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('output');
  writeFileSync(file, 'before\n');
  const words = [rktProgram(), ...scene.home.flags, '--insecure-options=image', 'run', '--net=none', scene.aci, ...shell('readlink /proc/self/fd/1; printf end')];
  const { status } = await run('sh', ['-c', 'file=$1; shift; exec "$@" >>"$file"', 'sh', file, ...words]);
  assert.equal(status, 0);
  assert.match(readFileSync(file, 'utf8'), /^before\n.*output\nend$/);
});

test('run, standard output is closed by its reader, the apps of a pod of two end by SIGPIPE', root, async () => {
  await using scene = openScene();
  const forever = (name: string): string[] => [scene.aci, `--name=${name}`, ...shell('while echo on; do :; done; exit 7')];
  const child = spawn(rktProgram(), [...scene.home.flags, '--insecure-options=image', 'run', '--net=none', ...forever('one'), '---', ...forever('two')], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => child.stdout.destroy());
  const [code, signal] = await new Promise<unknown[]>((resolve) => child.once('exit', (...ending) => resolve(ending)));
  assert.deepEqual([code, signal], [null, 'SIGPIPE']);
});

test('run, standard output is a socket as that of a service is, several apps write to it', root, async () => {
  await using scene = openScene();
  const words = [rktProgram(), ...scene.home.flags, '--insecure-options=image', 'run', '--net=none', scene.aci, '--name=one', ...shell('seq 1 20000'), '---', scene.aci, '--name=two', ...shell('seq 1 20000')];
  const script = 'import socket,subprocess,sys\na,b=socket.socketpair()\np=subprocess.Popen(sys.argv[1:],stdout=b)\nb.close()\nwhile True:\n  d=a.recv(65536)\n  if not d: break\n  sys.stdout.buffer.write(d)\nsys.exit(p.wait())';
  const { status, stdout } = await run('python3', ['-c', script, ...words]);
  assert.equal(status, 0);
  const odd = linesOf(stdout).filter((line) => !/^(one|two)\[\d+\]: \d+$/.test(line));
  assert.deepEqual([odd, linesOf(stdout).length], [[], 40_000]);
});

test('run, null, prints nothing', root, async () => {
  await using scene = openScene();
  const { stdout, stderr } = await scene.insecure(['run', '--net=none', scene.aci, '--stdout=null', '--stderr=null', ...shell('echo out; echo error >&2')]);
  assert.deepEqual([stdout, apps(stderr)], ['', []]);
});

test('run, an app of another user in log mode, may open /dev/stdout again', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--user=65534', '--group=65534', '--stdout=log', ...shell('echo again >/dev/stdout; sleep 600')]);
  await untilLogs(scene, pod.uuid, /^again$/m);
});

test('run, an app with a user namespace, writes to its log and to shared lines', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  const logged = [scene.aci, '--name=one', '--stdout=log', ...shell('echo logged; echo again >/dev/stdout')];
  const { stdout } = await scene.insecure(['run', '--net=none', '--private-users', `--uuid-file-save=${file}`, ...logged, '---', scene.aci, '--name=two', ...shell('echo shown')]);
  assert.match(stdout, /^two\[\d+\]: shown$/m);
  assert.equal((await scene.rkt(['logs', readFileSync(file, 'utf8').trim()])).stdout, 'one: logged\none: again\n');
});

test('prepare, modes of streams, are in the manifest as rkt has them and hold for run-prepared', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--stdin=null', '--stdout=log', '--stderr=null', '--log-size=64Ki', '--log-files=2', ...shell('echo logged; echo gone >&2'));
  const manifest = JSON.parse((await scene.rkt(['cat-manifest', uuid])).stdout) as { apps: { annotations: { name: string; value: string }[] }[] };
  assert.deepEqual(manifest.apps[0]!.annotations, [
    { name: 'coreos.com/rkt/stage2/stdin', value: 'null' },
    { name: 'coreos.com/rkt/stage2/stdout', value: 'log' },
    { name: 'coreos.com/rkt/stage2/stderr', value: 'null' },
    { name: 'coreos.com/rkt/stage2/log-size', value: '65536' },
    { name: 'coreos.com/rkt/stage2/log-files', value: '2' },
  ]);
  const { stdout } = await scene.rkt(['run-prepared', '--net=none', uuid]);
  assert.equal(stdout, '');
  assert.equal((await scene.rkt(['logs', uuid])).stdout, 'logged\n');
});

test('run, what streams cannot be, is refused and leaves no pod', root, async () => {
  await using scene = openScene();
  const refused: [string[], RegExp][] = [
    [['--stdin=log'], /invalid stdin mode "log"/],
    [['--stdout=interactive'], /invalid stdout mode "interactive"/],
    [['--stderr='], /invalid stderr mode ""/],
    [['--stdin=tty', '--stdout=stream'], /with tty for one of stdin, stdout and stderr, the others cannot be something else/],
    [['--stdout=log', '--log-size=1Ki'], /a log of "1Ki" is too small/],
    [['--stdout=log', '--log-files=0'], /"0" is no number of log files/],
    [['--annotation=coreos.com/rkt/stage2/stdout=file'], /invalid stdout mode "file"/],
  ];
  for (const [flags, message] of refused) {
    const { stderr } = await scene.insecure(['run', '--net=none', scene.aci, ...flags, ...shell('true')], { status: 254 });
    assert.match(stderr, message);
  }
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
});

test('app add, a log of Kubernetes, is where its annotations say', root, async () => {
  await using scene = openScene();
  const directory = scene.home.file('k8s');
  const annotations = ['--annotation=coreos.com/rkt/experiment/logmode=k8s-plain', `--annotation=coreos.com/rkt/experiment/kubernetes-log-dir=${directory}`];
  await scene.insecure(['fetch', scene.aci]);
  const pod = await startRkt(scene, ['app', 'sandbox', '--net=none', ...annotations]);
  const add = (...flags: string[]): string[] => ['app', 'add', pod.uuid, 'example.com/busybox', ...flags];
  const path = (value: string): string => `--annotation=coreos.com/rkt/experiment/kubernetes-log-path=${value}`;
  const streams = ['--stdin=stream', '--stdout=stream', '--stderr=stream'];
  assert.match((await scene.insecure(add('--name=none', ...streams), { status: 'any' })).output, /kubernetes-log-path annotation needs to be specified/);
  assert.match((await scene.insecure(add('--name=out', ...streams, path('../../etc/x')), { status: 'any' })).output, /log path "..\/..\/etc\/x" is not inside/);
  await scene.insecure(add('--name=hello', ...streams, path('hello/0.log'), ...shell('echo HelloFromAppInSandbox; sleep 600')));
  await scene.rkt(['app', 'start', pod.uuid, '--app=hello']);
  await until(() => /^\S+ stdout F HelloFromAppInSandbox$/m.test(textOf(`${directory}/hello/0.log`)));
  assert.equal((await scene.rkt(['logs', pod.uuid])).stdout, 'HelloFromAppInSandbox\n');
});

test('app rm, an app with a log and sockets, takes them along', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const pod = await startRkt(scene, ['app', 'sandbox', '--net=none']);
  for (const text of ['first', 'second']) {
    await scene.insecure(['app', 'add', pod.uuid, 'example.com/busybox', '--name=one', '--stdin=stream', '--stdout=log', ...shell(`echo ${text}; sleep 600`)]);
    await scene.rkt(['app', 'start', pod.uuid, '--app=one']);
    await untilLogs(scene, pod.uuid, new RegExp(`^${text}\n$`));
    await scene.rkt(['app', 'rm', pod.uuid, '--app=one']);
  }
});

test('run, journal, is refused where there is none and else has the lines', { skip: root.skip || needs('systemd-cat').skip }, async () => {
  await using scene = openScene();
  mkdirSync(scene.home.file('journal'));
  const rkt = [rktProgram(), ...scene.home.flags, '--insecure-options=image', 'run', '--net=none', scene.aci, '--stdout=journal', ...shell('echo to the journal')];
  const without = await run('unshare', ['-m', 'sh', '-c', 'if [ -d /run/systemd ]; then mount -t tmpfs none /run/systemd; fi; exec "$@"', 'sh', ...rkt]);
  assert.equal(without.status, 254);
  assert.match(without.stderr, /there is no \/run\/systemd\/journal\/socket/);
  const journald = `mkdir -p /run/systemd /run/log/journal; mount -t tmpfs none /run/systemd; mkdir /run/systemd/journal; mount --bind "$1" /run/log/journal; shift
if [ -d /var/log/journal ]; then mount -t tmpfs none /var/log/journal; fi
/usr/lib/systemd/systemd-journald & journald=$!; while ! [ -S /run/systemd/journal/socket ]; do sleep 0.05; done; "$@"; code=$?; sleep 0.5; kill $journald; wait $journald; exit $code`;
  const { status, output } = await run('unshare', ['-m', 'sh', '-c', journald, 'sh', scene.home.file('journal'), ...rkt]);
  assert.equal(status, 0, output);
  const shown = spawnSync('journalctl', ['--no-pager', '-o', 'json', '-D', scene.home.file('journal'), 'RKT_APP=busybox'], { encoding: 'utf8' }).stdout;
  const message = JSON.parse(linesOf(shown)[0]!) as Record<string, string>;
  assert.deepEqual([message['MESSAGE'], message['SYSLOG_IDENTIFIER'], message['PRIORITY']], ['to the journal', 'busybox', '6']);
});

async function untilLogs(scene: Scene, uuid: string, wanted: RegExp): Promise<void> {
  await until(async () => wanted.test((await scene.rkt(['logs', uuid], { status: 'any' })).stdout));
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await isSo()); ) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
