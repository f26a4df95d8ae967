/** The sockets through which others see what an app prints and send what it reads. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { type AppSpec, runPod, skip, type SupervisedPod, startPod, until } from './supervised-pod.ts';

const all = ['--stdin=stream', '--stdout=stream', '--stderr=stream', '--attach=sockets'];
const tty = ['--tty', ...all];
const app = (script: string, flags = all): AppSpec => ({ name: 'one', script, flags, terminal: flags.includes('--tty') });

function start(t: TestContext, ...apps: AppSpec[]): SupervisedPod {
  return startPod(t, { prefix: ['sh', '-c', 'mkdir sockets && exec "$@"', 'sh'], apps });
}

interface Client {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  text: string;
}

async function attach(t: TestContext, pod: SupervisedPod, name: string): Promise<Client> {
  const path = pod.path(`sockets/sock-${name}`);
  await until(path, () => fs.existsSync(path));
  const socket = createConnection({ path, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const client: Client = { socket, text: '', ended: new Promise((resolve) => socket.on('end', resolve).on('close', () => resolve())) };
  socket.on('error', () => {});
  socket.setEncoding('utf8').on('data', (text: string) => (client.text += text));
  await new Promise((resolve) => socket.once('connect', resolve));
  return client;
}

const untilText = (client: Client, text: string): Promise<unknown> => until(`${text} of ${client.text}`, () => client.text.includes(text));

describe('supervisor, streams that one can attach to', { skip }, () => {
  test('two clients, both see the output, and errors apart from it', async (t) => {
    const pod = start(t, app('read line; echo "<$line>"; echo "!$line" >&2; sleep 0.1; exit 4'));
    const [out, other, error] = [await attach(t, pod, 'stdout'), await attach(t, pod, 'stdout'), await attach(t, pod, 'stderr')];
    const keyboard = await attach(t, pod, 'stdin');
    keyboard.socket.write('hello\n');
    await Promise.all([out.ended, other.ended, error.ended, keyboard.ended]);
    assert.deepEqual([out.text, other.text, error.text], ['<hello>\n', '<hello>\n', '!hello\n']);
    assert.deepEqual([(await pod.ended).code, pod.stdout, pod.stderr], [4, '', '']);
    assert.deepEqual(fs.readdirSync(pod.path('sockets')), []);
  });

  test('the sockets, are root\'s alone', async (t) => {
    const pod = start(t, app('read line'));
    for (const name of ['stdin', 'stdout', 'stderr']) await attach(t, pod, name);
    for (const name of fs.readdirSync(pod.path('sockets'))) assert.equal(fs.statSync(pod.path(`sockets/${name}`)).mode & 0o777, 0o600);
  });

  test('clients that come and go, do not end the input of the app', async (t) => {
    const pod = start(t, app('cat'));
    const out = await attach(t, pod, 'stdout');
    for (const word of ['one', 'two', 'three']) {
      const client = await attach(t, pod, 'stdin');
      client.socket.end(`${word}\n`);
      await untilText(out, word);
    }
    assert.equal(out.text, 'one\ntwo\nthree\n');
    pod.kill('SIGTERM');
    await out.ended;
  });

  test('lines of several clients at once, arrive whole', async (t) => {
    const pod = start(t, app('sleep 0.3; head -n 3000 | busybox sort | busybox uniq -c'));
    const out = await attach(t, pod, 'stdout');
    const senders = await Promise.all(['a', 'b', 'c'].map(() => attach(t, pod, 'stdin')));
    for (const [index, { socket }] of senders.entries()) socket.end(`${'abc'[index]!.repeat(20)}\n`.repeat(1000));
    await out.ended;
    assert.deepEqual(out.text.trim().split(/\s+/), ['a', 'b', 'c'].flatMap((letter) => ['1000', letter.repeat(20)]));
  });

  test('more input than the app takes at once, arrives whole though its sender has gone', async (t) => {
    const pod = start(t, app('sleep 0.5; head -c 300000 | wc -c'));
    const out = await attach(t, pod, 'stdout');
    const keyboard = await attach(t, pod, 'stdin');
    keyboard.socket.end('x'.repeat(300_000));
    await out.ended;
    assert.equal(out.text.trim(), '300000');
  });

  test('a client that does not read, does not hold up the app, and learns what it missed', async (t) => {
    const pod = start(t, app('read line; seq 1 1000000; echo done >&2; read line; echo after; read line'));
    const slow = await attach(t, pod, 'stdout');
    const error = await attach(t, pod, 'stderr');
    slow.socket.pause();
    const keyboard = await attach(t, pod, 'stdin');
    keyboard.socket.write('go\n');
    await untilText(error, 'done');
    slow.socket.resume();
    await untilText(slow, 'came too fast]\r\n');
    keyboard.socket.write('on\n');
    await untilText(slow, 'after\n');
    const [, missed = '', rest] = /\r\n\[rkt: (\d+) bytes were not shown, they came too fast\]\r\n([^]*)$/.exec(slow.text) ?? [];
    assert.equal(rest, 'after\n');
    const shown = slow.text.slice(0, slow.text.indexOf('\r\n[rkt'));
    assert.equal(shown.length + Number(missed), 6_888_896);
    keyboard.socket.write('end\n');
  });

  test('a client that never reads, does not keep the pod from ending', async (t) => {
    const pod = start(t, app('read line; seq 1 1000000'));
    const slow = await attach(t, pod, 'stdout');
    slow.socket.pause();
    (await attach(t, pod, 'stdin')).socket.write('go\n');
    assert.equal((await pod.ended).code, 0);
  });

  test('nobody attached, the app goes on', async (t) => {
    assert.equal((await start(t, app('seq 1 100000; exit 3')).ended).code, 3);
  });

  test('a log as well, has all of it', async (t) => {
    const pod = start(t, app('read line; echo "<$line>"; sleep 0.1', ['--stdin=stream', '--stdout=log,stream', '--log=one.log', '--log-files=1', '--attach=sockets']));
    const out = await attach(t, pod, 'stdout');
    (await attach(t, pod, 'stdin')).socket.write('hello\n');
    await out.ended;
    await pod.ended;
    assert.equal(out.text, '<hello>\n');
    assert.match(pod.read('one.log') ?? '', /Z stdout F <hello>\n$/);
  });

  test('two apps, have places of their own', async (t) => {
    const two = (name: string): AppSpec => ({ name, script: 'read line; echo "$line"; sleep 0.1', flags: all.map((flag) => flag.replace('sockets', `sockets/${name}`)) });
    const pod = startPod(t, { prefix: ['sh', '-c', 'mkdir -p sockets/one sockets/two && exec "$@"', 'sh'], apps: [two('one'), two('two')] });
    for (const name of ['one', 'two']) {
      const path = pod.path(`sockets/${name}/sock-stdout`);
      await until(path, () => fs.existsSync(path));
      const out = await attach(t, { ...pod, path: (rest: string) => pod.path(rest.replace('sockets', `sockets/${name}`)) } as SupervisedPod, 'stdout');
      const keyboard = await attach(t, { ...pod, path: (rest: string) => pod.path(rest.replace('sockets', `sockets/${name}`)) } as SupervisedPod, 'stdin');
      keyboard.socket.write(`for ${name}\n`);
      await out.ended;
      assert.equal(out.text, `for ${name}\n`);
    }
  });

  test('an app that starts again, can be attached to again', async (t) => {
    const script = 'echo run >>/log; n=$(grep -c run /log); read line; echo "$n $line"; sleep 0.1; [ $n -ge 2 ] || exit 3';
    const pod = start(t, app(script, [...all, '--restart=on-failure']));
    for (const run of [1, 2]) {
      const out = await attach(t, pod, 'stdout');
      (await attach(t, pod, 'stdin')).socket.write('hello\n');
      await out.ended;
      assert.equal(out.text, `${run} hello\n`);
    }
    assert.equal((await pod.ended).code, 0);
  });
});

describe('supervisor, a terminal that one can attach to', { skip }, () => {
  test('a client, sees and types', async (t) => {
    const pod = start(t, app('busybox test -t 0 && busybox test -t 2 && echo yes; read line; echo "<$line>"; exit 5', tty));
    const client = await attach(t, pod, 'tty');
    await untilText(client, 'yes');
    client.socket.write('hello\n');
    await client.ended;
    assert.equal(client.text, 'yes\r\nhello\r\n<hello>\r\n');
    assert.equal((await pod.ended).code, 5);
  });

  test('a client that comes late, is shown what was printed last', async (t) => {
    const pod = start(t, app('seq 1000 5000; printf "prompt> "; read line', tty));
    await until('the app to have started', () => pod.isReady);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const client = await attach(t, pod, 'tty');
    await untilText(client, 'prompt> ');
    assert.equal(client.text.length, 4096);
    client.socket.write('\n');
    await client.ended;
  });

  test('the size a client tells, is that of the terminal', async (t) => {
    const pod = start(t, app(`trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.1; done`, tty));
    const client = await attach(t, pod, 'tty');
    await untilText(client, 'up');
    const size = await attach(t, pod, 'tty-size');
    for (const nonsense of ['x y\n', '0 0\n', '99999999 1\n', '-4 -5\n', '\n', '\0\0\0\0']) size.socket.write(nonsense);
    await new Promise((resolve) => setTimeout(resolve, 100));
    size.socket.write('44 55\n');
    await client.ended;
    assert.match(client.text, /44 55\r\n/);
  });

  test('a client that goes, leaves the app its terminal', async (t) => {
    const pod = start(t, app('while read line; do echo "<$line>"; done', tty));
    const first = await attach(t, pod, 'tty');
    first.socket.write('one\n');
    await untilText(first, '<one>');
    first.socket.destroy();
    const second = await attach(t, pod, 'tty');
    second.socket.write('two\n');
    await untilText(second, '<two>');
    second.socket.write('\x04');
    await second.ended;
    assert.equal((await pod.ended).code, 0);
  });

  test('a client that does not read, does not hold up the app', async (t) => {
    const pod = start(t, app('read line; seq 1 100000; exit 3', tty));
    const slow = await attach(t, pod, 'tty');
    slow.socket.write('go\n');
    slow.socket.pause();
    pod.child.unref();
    assert.equal((await pod.ended).code, 3);
  });

  test('a log as well, has what the terminal shows', async (t) => {
    const pod = start(t, app('echo shown', ['--tty', '--stdout=log,stream', '--stderr=log,stream', '--log=one.log', '--log-files=1', '--attach=sockets']));
    assert.equal((await pod.ended).code, 0);
    assert.match(pod.read('one.log') ?? '', /Z stdout F shown\r\n$/);
  });

  test('two apps with terminals, are two', async (t) => {
    const two = (name: string): AppSpec => ({ name, script: `busybox test -t 1 && echo ${name}`, terminal: true, flags: ['--tty', '--stdout=log,stream', '--stderr=log,stream', `--log=${name}.log`, '--log-files=1', '--attach=.'] });
    const pod = await runPod(t, { apps: [two('one'), { ...two('two'), flags: two('two').flags!.map((flag) => flag.replace('--attach=.', '--attach=status')) }] });
    assert.equal(pod.ending.code, 0, pod.stderr);
    for (const name of ['one', 'two']) assert.match(pod.read(`${name}.log`) ?? '', new RegExp(`F ${name}\r\n$`));
  });

  test('an app that starts again, has a terminal again, of the same size', async (t) => {
    const script = 'echo run >>/log; n=$(grep -c run /log); sleep 0.3; read line; echo "$n $line $(stty size)"; [ $n -ge 2 ] || exit 3';
    const pod = start(t, app(script, [...tty, '--restart=on-failure']));
    (await attach(t, pod, 'tty-size')).socket.write('11 22\n');
    for (const run of [1, 2]) {
      const client = await attach(t, pod, 'tty');
      client.socket.write('hello\n');
      await client.ended;
      assert.ok(client.text.endsWith(`${run} hello 11 22\r\n`), client.text);
    }
    assert.equal((await pod.ended).code, 0);
  });
});
