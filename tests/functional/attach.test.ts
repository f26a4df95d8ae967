import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { needs, rktProgram } from '#tests/support';
import { type RunningPod, startRkt } from './running-pod.ts';
import { startSandbox } from './sandbox.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const onTerminal = needs('root', 'script');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const streams = ['--stdin=stream', '--stdout=stream', '--stderr=stream'];
const terminal = ['--stdin=tty', '--stdout=tty', '--stderr=tty'];
const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

interface Attached {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: { stdout: string; stderr: string };
  type(text: string): void;
  until(text: string): Promise<void>;
}

function attached(child: ChildProcess): Attached {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  child.stdin?.on('error', () => {});
  return {
    process: child,
    output,
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    type: (text) => void child.stdin!.write(text),
    async until(text) {
      for (const end = Date.now() + 30_000; !output.stdout.includes(text) && !output.stderr.includes(text); ) {
        if (Date.now() > end || child.exitCode !== null) throw new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(output)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

function attach(scene: Scene, ...words: string[]): Attached {
  return attached(spawn(rktProgram(), [...scene.home.flags, 'attach', ...words], { stdio: 'pipe' }));
}

/** At a terminal of its own, of that size. */
function attachOnTerminal(scene: Scene, ...words: string[]): Attached {
  const rkt = quoted([rktProgram(), ...scene.home.flags, 'attach', ...words]);
  return attached(spawn('script', ['--quiet', '--return', '--command', `stty rows 31 cols 97; ${rkt}; echo "left $?"; stty -a`, '/dev/null'], { stdio: 'pipe' }));
}

const start = (scene: Scene, script: string, ...flags: string[]): Promise<RunningPod> =>
  startRkt(scene, ['run', '--net=none', scene.aci, '--name=one', ...flags, ...shell(script)]);

test('attach, streams, sees output and errors apart, types, and ends with the app', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'test -t 0 || echo stdin is not a terminal; read text; echo "Received text: $text"; echo problem >&2', ...streams);
  const client = attach(scene, pod.uuid);
  client.type('some_input\n');
  assert.equal(await client.ended, 0);
  assert.match(client.output.stdout, /^Received text: some_input\n$/m);
  assert.equal(client.output.stderr, 'problem\n');
  assert.equal((await pod.ended).code, 0);
  assert.equal(pod.output.stdout, '');
});

test('attach, two at once, both see and both type', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'while read text; do echo "<$text>"; done', ...streams);
  const [one, two] = [attach(scene, pod.uuid), attach(scene, '--app=one', pod.uuid)];
  one.type('from one\n');
  await one.until('<from one>');
  two.type('from two\n');
  await Promise.all([one.until('<from two>'), two.until('<from two>')]);
  await scene.rkt(['stop', pod.uuid]);
  assert.deepEqual([await one.ended, await two.ended], [0, 0]);
});

test('attach, input that ends, leaves the input of the app open and goes on with its output', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'read text; echo "<$text>"; read text; echo "<$text>"', ...streams);
  const first = attach(scene, pod.uuid);
  first.process.stdin!.end('one\n');
  await first.until('<one>');
  const second = attach(scene, '--mode=stdin', pod.uuid);
  second.process.stdin!.end('two\n');
  assert.equal(await second.ended, 0);
  assert.equal(await first.ended, 0);
  assert.match(first.output.stdout, /<two>/);
});

test('attach, one stream, sees nothing of the others', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'until read -t 1 text; do echo waiting; done; echo out; echo error >&2', ...streams);
  const [out, error] = [attach(scene, '--mode=stdout', pod.uuid), attach(scene, '--mode=stderr,stdin', pod.uuid)];
  await out.until('waiting');
  error.type('go\n');
  await Promise.all([out.ended, error.ended]);
  assert.match(out.output.stdout, /^(waiting\n)+out\n$/);
  assert.deepEqual([out.output.stderr, error.output], ['', { stdout: '', stderr: 'error\n' }]);
});

test('attach, list, is JSON as rkt prints it', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'sleep 600', ...streams);
  const address = (name: string): object => ({ name, domain: 'unix', address: `/rkt/iottymux/one/sock-${name}` });
  assert.deepEqual(JSON.parse((await scene.rkt(['attach', '--mode=list', pod.uuid])).stdout), { version: 1, targets: ['stdin', 'stdout', 'stderr'].map(address) });
});

test('attach, what there is not, is refused and said', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--name=one', '--stdout=stream', ...shell('sleep 600'), '---', scene.aci, '--name=two', ...shell('sleep 600')]);
  for (const [words, message] of [
    [[pod.uuid], /pod contains more than one app/],
    [['--app=two', pod.uuid], /there is nothing to attach to in app "two"/],
    [['--app=two', '--mode=list', pod.uuid], /there is nothing to attach to in app "two"/],
    [['--app=one', '--mode=stdin', pod.uuid], /app "one" has no stdin to attach to/],
    [['--app=one', '--mode=tty', pod.uuid], /app "one" has no tty-in to attach to/],
    [['--app=one', '--mode=video', pod.uuid], /unknown endpoint "video"/],
    [['--app=one', '--mode=tty,stdin', pod.uuid], /cannot simultaneously attach TTY and streams/],
    [['--app=one', '--detach-keys=alt-x', pod.uuid], /no key for --detach-keys/],
    [['--app=three', pod.uuid], /app "three" is not in pod/],
  ] as const) {
    assert.match((await scene.rkt(['attach', ...words], { status: 254 })).stderr, message);
  }
  await scene.rkt(['stop', '--force', pod.uuid]);
  await pod.ended;
  assert.match((await scene.rkt(['attach', '--app=one', pod.uuid], { status: 254 })).stderr, /isn't currently running/);
});

test('attach, a terminal, is one for the app and has the size of ours', onTerminal, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'test -t 0 && test -t 1 && echo stdin is a terminal; read text; stty size; echo "Received text: $text"; exit 5', ...terminal);
  const client = attachOnTerminal(scene, pod.uuid);
  await client.until('stdin is a terminal');
  client.type('some_input\r');
  await client.ended;
  assert.match(client.output.stdout, /some_input\r\n31 97\r\nReceived text: some_input\r\n/);
  assert.match(client.output.stdout, /left 0[^]*[^-]icanon[^]*[^-]echo /);
  assert.equal((await pod.ended).code, 5);
});

test('attach, the detach keys, leave the app and its terminal to the next', onTerminal, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'while read text; do echo "<$text>"; done', ...terminal);
  const first = attachOnTerminal(scene, pod.uuid);
  first.type('one\r');
  await first.until('<one>');
  first.type('\x10x\x10\x11');
  await first.until('left 0');
  await first.ended;
  const second = attachOnTerminal(scene, '--detach-keys=ctrl-],q', pod.uuid);
  second.type('\r');
  await second.until('<\x10x>');
  second.type('\x1dq');
  await second.until('left 0');
  await second.ended;
  assert.equal((await scene.status(pod.uuid))['state'], 'running');
});

test('attach, a terminal from a pipe, is typed to as well; tty-out only looks', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'stty -echo; while read text; do echo "<$text>"; done', ...terminal);
  const looker = attach(scene, '--mode=tty-out', pod.uuid);
  looker.type('not typed\n');
  const client = attach(scene, '--mode=tty', pod.uuid);
  client.type('typed\n');
  await Promise.all([client.until('<typed>'), looker.until('<typed>')]);
  await scene.rkt(['stop', pod.uuid]);
  await Promise.all([client.ended, looker.ended]);
  assert.doesNotMatch(client.output.stdout + looker.output.stdout, /not typed/);
});

test('attach, an app that was added, stopped and started again, each time', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', 'read text; echo "<$text>"; sleep 600', ...streams);
  for (const text of ['first', 'second']) {
    await sandbox.start('one');
    const client = attach(sandbox.scene, '--app=one', sandbox.uuid);
    client.type(`${text}\n`);
    await client.until(`<${text}>`);
    await sandbox.app('stop', ['--app=one']);
    assert.equal(await client.ended, 0);
  }
  await sandbox.stop();
});

test('attach, one who does not read, does not hold up the app', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'read text; seq 1 1000000; exit 3', ...streams);
  const client = attach(scene, pod.uuid);
  client.process.stdout!.pause();
  client.type('go\n');
  assert.equal((await pod.ended).code, 3);
  client.process.stdout!.resume();
  await client.ended;
});

test('attach, a reader that has had enough, ends it and not the app', root, async () => {
  await using scene = openScene();
  const pod = await start(scene, 'while echo on; do sleep 0.1; done', '--stdout=stream');
  const words = quoted([rktProgram(), ...scene.home.flags, 'attach', pod.uuid]);
  const client = attached(spawn('sh', ['-c', `${words} | head -n 1`], { stdio: 'pipe' }));
  assert.equal(await client.ended, 0);
  assert.deepEqual(client.output, { stdout: 'on\n', stderr: '' });
  assert.equal((await scene.status(pod.uuid))['state'], 'running');
});

test('attach, the terminal of an app that was added, is one', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', 'read text; test -t 0 && echo stdin is a terminal; echo "Received text: $text"; sleep 600', ...terminal);
  await sandbox.start('one');
  const client = attach(sandbox.scene, '--app=one', sandbox.uuid);
  client.type('some_input\n');
  await client.until('stdin is a terminal');
  await client.until('Received text: some_input');
  await sandbox.app('stop', ['--app=one']);
  assert.equal(await client.ended, 0);
  await sandbox.stop();
});
