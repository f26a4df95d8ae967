import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBusyboxAci, needs, rktProgram, run } from '#tests/support';
import { type NetScene, openNetScene } from './net-pods.ts';
import { openScene } from './scene.ts';

const skip = needs('root', 'nsenter', 'unshare', 'curl');

const SOCKET = '/run/rkt/metadata-svc.sock';

async function startService({ host }: NetScene): Promise<void> {
  host.start([rktProgram(), 'metadata-service']);
  await host.run(['sh', '-c', `for i in $(seq 100); do [ -S ${SOCKET} ] && exit 0; sleep 0.1; done; exit 1`]);
}

const ASK = 'wget -qO- $AC_METADATA_URL/acMetadata/v1';

for (const net of ['default', 'host']) {
  test(`run --mds-register --net=${net}, an app, reads its own annotations and UUID; after gc nobody does`, skip, async () => {
    await using scene = await openNetScene();
    const { host, home } = scene;
    await startService(scene);
    const annotations = [{ name: 'coreos.com/rkt/stage1/run', value: '/ex/run' }];
    const aci = makeBusyboxAci(home.file('app.aci'), { manifest: { annotations } });
    const script = `${ASK}/apps/busybox/annotations/coreos.com/rkt/stage1/run; echo; ${ASK}/pod/uuid; echo; echo $AC_METADATA_URL`;
    const file = home.file('uuid');
    const { stdout } = await host.rkt(home, ['run', `--net=${net}`, '--mds-register', `--uuid-file-save=${file}`, aci, '--exec=/bin/sh', '--', '-c', script]);
    const [annotation, uuid, url] = stdout.trim().split('\n');
    assert.equal(annotation, '/ex/run');
    assert.equal(uuid, readFileSync(file, 'utf8').trim());
    const address = net === 'host' ? '127\\.0\\.0\\.1' : '172\\.16\\.28\\.1';
    assert.match(url!, new RegExp(`^http://${address}:18112/[0-9a-f]{32}$`));
    const local = `${url!.replace(/\/\/[^:]+/, '//127.0.0.1')}/acMetadata/v1/pod/uuid`;
    const status = async (): Promise<string> => (await host.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', local])).stdout;
    assert.equal(await status(), '200');
    await scene.collect();
    assert.equal(await status(), '401');
  });
}

test('run --mds-register, no service, starts no pod and says what to do', skip, async () => {
  await using scene = await openNetScene();
  const { status, stderr } = await scene.host.rkt(scene.home, ['run', '--mds-register', scene.aci], { status: 'any' });
  assert.equal(status, 254);
  assert.match(stderr, /could not reach the metadata service at \/run\/rkt\/metadata-svc\.sock/);
  await scene.collect();
});

test('run --mds-register --net=none, is refused in the words of rkt', needs('root'), async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', '--net=none', '--mds-register', scene.aci], { status: 254 });
  assert.match(stderr, /--mds-register flag does not work with --net=none\. Please use 'host', 'default' or an equivalent network/);
});

/** Listens, and waits in no loop of its own: the service it starts is the only one that accepts. */
const ACTIVATE = `
const [path, rkt, port] = process.argv.slice(1);
const server = require('net').createServer().listen(path, () => {
  const env = { ...process.env, LISTEN_FDS: '1' };
  require('child_process').spawnSync(rkt, ['metadata-service', '--listen-port=' + port], { env, stdio: ['ignore', 'ignore', 'inherit', server._handle.fd] });
});`;

test('metadata-service, a socket passed as systemd does, serves on it and leaves it there', needs('root', 'curl'), async () => {
  await using scene = openScene();
  const path = scene.home.file('passed.sock');
  const args = ['-e', ACTIVATE, path, rktProgram(), String(20_000 + (process.pid % 10_000))];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (log += text));
  for (let i = 0; i < 500 && !log.includes('running...'); i++) await sleep(20);
  const { stdout } = await run('curl', ['-s', '--max-time', '5', '--unix-socket', path, '-X', 'PUT', 'http://unixsock/pods/nonsense']);
  const ended = once(child, 'close');
  process.kill(-child.pid!, 'SIGTERM');
  await ended;
  assert.match(stdout, /^UUID is missing or malformed: /);
  assert.equal(log, 'metadata service starting...\nmetadata service running...\nPUT /pods/nonsense - 400\nmetadata service exiting...\n');
  assert.equal(existsSync(path), true);
});
