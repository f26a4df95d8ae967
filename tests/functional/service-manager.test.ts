/** What a service manager that starts rkt is told, and passes: docs/running-under-systemd.md. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeServiceApp, needs, openServiceManager, rktProgram, type ServiceManager } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root', 'cc', 'perl');
const NOTIFIES = '--annotation=appc.io/executor/supports-systemd-notify=true';
const forever = 'while :; do sleep 0.1; done';
const shell = (script: string): string[] => ['--exec=/bin/sh', '--', '-c', script];

/** Flags that put service-app into an app, and what it is to do. */
function serviceApp(scene: Scene, ...words: readonly string[]): string[] {
  mkdirSync(scene.home.file('tools'), { recursive: true });
  makeServiceApp(scene.home.file('tools/service-app'));
  return [`--volume=tools,kind=host,source=${scene.home.file('tools')}`, '--mount=volume=tools,target=/tools', '--exec=/tools/service-app', '--', ...words];
}

interface Service extends Disposable {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What it has printed so far; `text` is all of it. */
  readonly output: { text: string; stdout: string };
}

/** Starts rkt as a service manager does. */
function startService(scene: Scene, args: readonly string[], env: Readonly<Record<string, string>>): Service {
  const child = spawn(rktProgram(), [...scene.home.flags, '--insecure-options=image', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  return serviceOf(child);
}

function serviceOf(child: ChildProcess): Service {
  const output = { text: '', stdout: '' };
  for (const stream of [child.stdout, child.stderr]) stream!.setEncoding('utf8').on('data', (text: string) => (output.text += text));
  child.stdout!.on('data', (text: string) => (output.stdout += text));
  return {
    process: child,
    output,
    ended: once(child, 'close').then(([code]) => code as number | null),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

async function untilSaid(manager: ServiceManager, text: string, service: Service): Promise<void> {
  while (!manager.said.some((message) => message.includes(text))) {
    assert.equal(service.process.exitCode, null, service.output.text);
    await sleep(20);
  }
}

test('run, of a pod of two apps, tells NOTIFY_SOCKET that it is ready and that it stops, and hands it to no app', root, async () => {
  await using scene = openScene();
  const path = scene.home.file('manager');
  await using manager = await openServiceManager(path);
  const print = shell(`env | grep -c -E '^(NOTIFY|WATCHDOG|LISTEN)'; ${forever}`);
  using service = startService(scene, ['run', '--net=none', '--inherit-env', scene.aci, '--name=one', ...print, '---', scene.aci, '--name=two', ...print], { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' });
  await untilSaid(manager, 'WATCHDOG=1', service);
  await untilSaid(manager, 'STATUS=running', service);
  service.process.kill('SIGTERM');
  await service.ended;
  const said = manager.said.filter((text) => text !== 'WATCHDOG=1\n');
  assert.deepEqual(said, ['READY=1\n', 'STATUS=running\n', 'STOPPING=1\nSTATUS=stopping\n']);
  assert.deepEqual(service.output.text.match(/(?<=^(?:one|two)\[\d+\]: )\d$/gm), ['0', '0']);
});

test('run, of an app that is probed, tells that it is ready when the probe has passed', root, async () => {
  await using scene = openScene();
  const path = `@rkt-test-${process.pid}-${Date.now()}`;
  await using manager = await openServiceManager(path);
  const app = [scene.aci, '--health-cmd=test -e /up', ...shell(`sleep 1; : >/up; ${forever}`)];
  using service = startService(scene, ['run', '--net=none', ...app], { NOTIFY_SOCKET: path });
  await untilSaid(manager, 'READY=1', service);
  assert.equal(manager.said[0], 'STATUS=waiting until app busybox is ready\n');
});

test('an app that supports sd_notify, by its annotation, makes the pod ready by its own word, as another user', root, async () => {
  await using scene = openScene();
  const path = scene.home.file('manager');
  await using manager = await openServiceManager(path);
  const file = scene.home.file('uuid');
  const app = [scene.aci, NOTIFIES, '--user=65534', '--group=65534', ...serviceApp(scene, 'notify', 'STATUS=not yet', 'fds', 'notify', 'READY=1', 'pause')];
  using service = startService(scene, ['run', '--net=none', `--uuid-file-save=${file}`, ...app], { NOTIFY_SOCKET: path });
  await untilSaid(manager, 'READY=1', service);
  await scene.rkt(['status', '--wait-ready=30s', await scene.untilFile(file)]);
  assert.ok(!manager.said.some((text) => text.includes('not yet')));
  assert.deepEqual(service.output.text.match(/^fd \d+$/gm), ['fd 0', 'fd 1', 'fd 2']);
});

test('an app that supports sd_notify and says nothing, keeps the pod from being ready, and can be entered', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  using service = startService(scene, ['run', '--net=none', `--uuid-file-save=${file}`, scene.aci, NOTIFIES, ...shell(forever)], {});
  const uuid = await scene.untilFile(file);
  while ((await scene.rkt(['enter', uuid, 'true'], { status: 'any' })).status !== 0) assert.equal(service.process.exitCode, null);
  assert.notEqual((await scene.rkt(['status', '--wait-ready=200ms', uuid], { status: 'any' })).status, 0);
  assert.equal((await scene.rkt(['enter', uuid, 'sh', '-c', 'echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET'])).stdout, '/dev/rkt/notify\n');
  await scene.rkt(['stop', uuid]);
});

test('an image that supports sd_notify, needs no flag; one that is prepared neither', root, async () => {
  await using scene = openScene();
  const annotations = [{ name: 'appc.io/executor/supports-systemd-notify', value: 'true' }];
  const aci = scene.makeAci('notifies.aci', { app: { exec: ['/bin/sh', '-c', 'echo "$NOTIFY_SOCKET"'] }, manifest: { annotations } });
  const uuid = await scene.prepare(aci);
  assert.equal((await scene.rkt(['run-prepared', '--net=none', uuid])).stdout, '/dev/rkt/notify\n');
});

test('NOTIFY_SOCKET of a kind that is not known, is told of and changes nothing', root, async () => {
  await using scene = openScene();
  using service = startService(scene, ['run', '--net=none', scene.aci, ...shell('exit 3')], { NOTIFY_SOCKET: 'vsock:2:1234' });
  assert.equal(await service.ended, 3);
  assert.match(service.output.text, /NOTIFY_SOCKET="vsock:2:1234" is of a kind that is not supported/);
});

test('an app that supports sd_notify, in a pod with a user namespace of its own, makes the pod ready', root, async () => {
  await using scene = openScene();
  const path = scene.home.file('manager');
  await using manager = await openServiceManager(path);
  const app = [scene.aci, NOTIFIES, '--user=65534', '--group=65534', ...serviceApp(scene, 'notify', 'READY=1', 'pause')];
  using service = startService(scene, ['run', '--private-users', '--net=none', ...app], { NOTIFY_SOCKET: path });
  await untilSaid(manager, 'READY=1', service);
});

interface PassedSocket {
  readonly fd: number;
  readonly port: number;
  /** The process that was started has it. */
  close(): void;
}

/** Listens on a port of 127.0.0.1 that the kernel chooses. */
async function openSocket(): Promise<PassedSocket> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  return { fd, port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** Starts rkt with sockets from descriptor 3 on, as systemd-socket-activate does. They are its own then: nobody else accepts. */
function startActivated(scene: Scene, sockets: readonly Omit<PassedSocket, 'port'>[], args: readonly string[], env: Readonly<Record<string, string>> = {}): Service {
  const command = [rktProgram(), ...scene.home.flags, '--insecure-options=image', ...args];
  const script = `LISTEN_PID=$$ LISTEN_FDS=${sockets.length} exec "$@"`;
  const child = spawn('sh', ['-c', script, 'sh', ...command], { stdio: ['ignore', 'pipe', 'pipe', ...sockets.map(({ fd }) => fd)], env: { ...process.env, ...env } });
  for (const socket of sockets) socket.close();
  return serviceOf(child);
}

/** What a service answers. When it ends without an answer its socket goes with it: what it said is told then. */
async function ask(port: number, service: Service): Promise<string> {
  const connection = connect(port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of connection) text += chunk;
  } catch (error) {
    throw new Error(`no answer from port ${port}: ${service.output.text}`, { cause: error });
  }
  return text;
}

const portOf = (name: string, port: number) => ({ name, protocol: 'tcp', port, count: 1, socketActivated: true });

test('socket activation, an app with such a port, has the sockets, their names and its own pid; it answers without a network', root, async () => {
  await using scene = openScene();
  const one = await openSocket();
  const two = await openSocket();
  const aci = scene.makeAci('activated.aci', { app: { exec: ['/bin/true'], ports: [portOf('web', 80)] } });
  const app = [aci, ...serviceApp(scene, 'sockets', 'fds', 'serve', 'hello')];
  using service = startActivated(scene, [one, two], ['run', '--net=none', ...app], { LISTEN_FDNAMES: 'one:two' });
  assert.deepEqual([await ask(one.port, service), await ask(two.port, service)], ['hello', 'hello']);
  assert.equal(await service.ended, 0, service.output.text);
  const lines = ['2 sockets, names one:two, pid set', `3: family 2 port ${one.port}`, `4: family 2 port ${two.port}`, ...[0, 1, 2, 3, 4].map((fd) => `fd ${fd}`)];
  assert.equal(service.output.stdout, `${lines.join('\n')}\n`);
});

test('socket activation, of several apps, is told apart by the ports of the host; the others have nothing', root, async () => {
  await using scene = openScene();
  const one = await openSocket();
  const two = await openSocket();
  const aci = scene.makeAci('activated.aci', { app: { exec: ['/bin/true'], ports: [portOf('first', 80)] } });
  const other = scene.makeAci('other.aci', { name: 'example.com/other', app: { exec: ['/bin/true'], ports: [portOf('second', two.port)] } });
  const [volume = '', ...app] = serviceApp(scene, 'sockets', 'serve', 'hello');
  const apps = [aci, '--name=one', ...app, '---', other, '--name=two', ...app, '---', scene.aci, '--name=three', ...app];
  using service = startActivated(scene, [two, one], ['run', `--port=first:${one.port}`, volume, ...apps]);
  assert.deepEqual([await ask(one.port, service), await ask(two.port, service)], ['hello', 'hello']);
  assert.equal(await service.ended, 0, service.output.text);
  const lines = ['0 sockets, names -, pid unset', '1 sockets, names -, pid set', '1 sockets, names -, pid set', `3: family 2 port ${one.port}`, `3: family 2 port ${two.port}`];
  assert.deepEqual(service.output.stdout.replaceAll(/^(?:one|two|three)\[\d+\]: /gm, '').trim().split('\n').sort(), lines.sort());
});

test('socket activation, in a pod with a user namespace of its own and as another user, works', root, async () => {
  await using scene = openScene();
  const socket = await openSocket();
  const aci = scene.makeAci('activated.aci', { app: { exec: ['/bin/true'], user: '65534', group: '65534', ports: [portOf('web', 80)] } });
  using service = startActivated(scene, [socket], ['run', '--private-users', '--net=none', aci, ...serviceApp(scene, 'serve', 'hello')]);
  assert.equal(await ask(socket.port, service), 'hello');
  assert.equal(await service.ended, 0, service.output.text);
});

test('socket activation, what cannot be passed on, is refused before there is a pod that runs', root, async () => {
  await using scene = openScene();
  const aci = (name: string) => scene.makeAci(`${name}.aci`, { name: `example.com/${name}`, app: { exec: ['/bin/true'], ports: [portOf(name, 1)] } });
  const fd = openSync('/dev/null', 'r');
  const noSocket = { fd, close: () => closeSync(fd) };
  const refused: [string[], Omit<PassedSocket, 'port'>, RegExp][] = [
    [[scene.aci], await openSocket(), /passed 1 sockets, and no app of the pod has a socket-activated port/],
    [[aci('one'), aci('two')], await openSocket(), /descriptor 3 from the service manager, tcp port \d+, belongs to no/],
    [[aci('one')], noSocket, /descriptor 3 of LISTEN_FDS=1 is not a socket/],
  ];
  for (const [images, socket, message] of refused) {
    using service = startActivated(scene, [socket], ['run', '--net=none', ...images]);
    assert.equal(await service.ended, 254, service.output.text);
    assert.match(service.output.text, message);
  }
});

test('LISTEN_FDS meant for another process, is nothing to rkt', root, async () => {
  await using scene = openScene();
  using service = startService(scene, ['run', '--net=none', scene.aci, '--inherit-env', ...shell('echo "$LISTEN_FDS."')], { LISTEN_FDS: '3', LISTEN_PID: '1' });
  assert.equal(await service.ended, 0);
  assert.equal(service.output.stdout, '.\n');
});

test("socket activation, by systemd's own tool, starts the pod at the first connection", needs('root', 'cc', 'systemd-socket-activate'), async () => {
  await using scene = openScene();
  const { port, close } = await openSocket();
  close();
  const aci = scene.makeAci('activated.aci', { app: { exec: ['/bin/true'], ports: [portOf('web', 80)] } });
  const command = [rktProgram(), ...scene.home.flags, '--insecure-options=image', 'run', '--net=none', aci, ...serviceApp(scene, 'sockets', 'serve', 'hello')];
  const listen = ['--fdname=web', `--listen=127.0.0.1:${port}`, ...command];
  using service = serviceOf(spawn('systemd-socket-activate', listen, { stdio: ['ignore', 'pipe', 'pipe'] }));
  while (!service.output.text.includes('Listening')) {
    assert.equal(service.process.exitCode, null, service.output.text);
    await sleep(20);
  }
  assert.equal(await ask(port, service), 'hello');
  assert.equal(await service.ended, 0, service.output.text);
  assert.equal(service.output.stdout, `1 sockets, names web, pid set\n3: family 2 port ${port}\n`);
});
