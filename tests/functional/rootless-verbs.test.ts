/** What a user who is not root can do with pods beyond running them (docs/rootless.md), by each runtime. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBusyboxAci, needs, rktProgram } from '#tests/support';
import { openUserScene, type UserScene } from './user-scene.ts';

const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const forever = 'while :; do sleep 0.1; done';
const tools = ['root', 'newuidmap', 'setpriv', 'gpg'];

async function untilStatus(scene: UserScene, uuid: string, line: RegExp): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    const { stdout } = await scene.rkt(['status', uuid]);
    if (line.test(stdout)) return;
    assert.ok(Date.now() < end, `${stdout} has no ${line}`);
  }
}

for (const runtime of ['crun', 'runc'] as const) {
  const user = needs(...tools, runtime);
  const openUser = () => openUserScene({ runtime });
  const title = (text: string) => `without root, with ${runtime}, ${text}`;

  test(title('two apps, print lines with their names, have volumes of each kind, and end as the first that fails'), user, async () => {
    await using scene = await openUser();
    mkdirSync(scene.file('mine'));
    writeFileSync(scene.file('mine/file'), 'of the user\n');
    for (const name of ['mine', 'mine/file']) scene.own(name);
    mkdirSync(scene.file('of-root'), { mode: 0o755 });
    writeFileSync(scene.file('of-root/file'), 'of root\n', { mode: 0o644 });
    const volumes = [`--volume=mine,kind=host,source=${scene.file('mine')}`, `--volume=root,kind=host,source=${scene.file('of-root')}`, '--volume=shared,kind=empty,mode=0777,uid=0'];
    const mounts = ['mine', 'root', 'shared'].map((name) => `--mount=volume=${name},target=/${name}`);
    const one = 'cat /mine/file /root/file; echo x >/mine/new; echo x 2>/dev/null >/root/new || echo refused; echo said >/shared/word; touch /shared/end';
    const two = 'until test -e /shared/end; do sleep 0.1; done; cat /shared/word; id -u; exit 7';
    const { stdout } = await scene.insecure(['run', '--net=none', ...volumes, scene.aci, '--name=one', ...mounts, ...shell(one), '---', scene.aci, '--name=two', '--user=65534', ...mounts, ...shell(two)], 7);
    const lines = stdout.trim().split('\n').map((line) => line.replace(/\[\d+\]/, ''));
    assert.deepEqual(lines, ['one: of the user', 'one: of root', 'one: refused', 'two: said', 'two: 65534']);
    assert.equal(statSync(scene.file('mine/new')).uid, scene.uid);
    assert.equal(existsSync(scene.file('of-root/new')), false);
  });

  test(title('an app that fails, is started again'), user, async () => {
    await using scene = await openUser();
    const script = 'test -e /again && exit 0; : >/again; exit 3';
    await scene.insecure(['run', '--net=none', `--uuid-file-save=${scene.file('uuid')}`, scene.aci, '--restart=on-failure', ...shell(script)]);
    assert.match((await scene.rkt(['status', `--uuid-file=${scene.file('uuid')}`])).stdout, /^restarts-busybox=1$/m);
  });

  test(title('a probe by a command, makes the pod ready, and one that fails is told'), user, async () => {
    await using scene = await openUser();
    const probe = ['--health-cmd=test -e /up && echo is up', '--health-interval=100ms', '--health-retries=2'];
    const pod = await scene.start('--net=none', scene.aci, ...probe, ...shell(`: >/up; trap 'rm /up' USR1; ${forever}`));
    await untilStatus(scene, pod.uuid, /^health-busybox=healthy$/m);
    process.kill(pod.pid, 'SIGUSR1');
    await untilStatus(scene, pod.uuid, /^health-busybox=unhealthy$/m);
    await scene.rkt(['stop', '--force', pod.uuid]);
  });

  test(title('probes by ports, connect in the pod'), user, async () => {
    await using scene = await openUser();
    const serve = 'mkdir -p /tmp/www; echo fine >/tmp/www/health; exec httpd -f -p 80 -h /tmp/www';
    for (const probe of ['--health-tcp=80', '--health-http=80/health']) {
      const pod = await scene.start('--net=none', scene.aci, probe, ...shell(serve));
      await untilStatus(scene, pod.uuid, /^health-busybox=healthy$/m);
      await scene.rkt(['stop', '--force', pod.uuid]);
    }
  });

  test(title('logs of an app, are kept and read'), user, async () => {
    await using scene = await openUser();
    await scene.insecure(['run', '--net=none', `--uuid-file-save=${scene.file('uuid')}`, scene.aci, '--stdout=log', '--stderr=log', ...shell('echo out; echo error >&2')]);
    const { stdout, stderr } = await scene.rkt(['logs', readFileSync(scene.file('uuid'), 'utf8')]);
    assert.deepEqual([stdout, stderr], ['out\n', 'error\n']);
  });

  test(title('attach, to streams and to a terminal, sees and types'), user, async () => {
    await using scene = await openUser();
    for (const mode of ['stream', 'tty']) {
      const flags = ['stdin', 'stdout', 'stderr'].map((name) => `--${name}=${mode}`);
      const pod = await scene.start('--net=none', scene.aci, ...flags, ...shell('read text; echo "Received: $text"; exit 0'));
      const list = (await scene.rkt(['attach', '--mode=list', pod.uuid])).stdout;
      assert.match(list, mode === 'tty' ? /tty/ : /stdin[^]*stdout/);
      const { stdout } = await scene.as('sh', '-c', `(sleep 1; echo some words; sleep 1) | ${rktProgram()} attach ${pod.uuid}`);
      assert.match(stdout, /Received: some words/);
      assert.equal(await pod.ended, 0);
    }
  });

  test(title('apps of a sandbox, come, start, are entered, stop and go'), user, async () => {
    await using scene = await openUser();
    await scene.insecure(['fetch', scene.aci]);
    const pod = await scene.startAs(['app', 'sandbox'], '--net=none');
    const app = (verb: string, ...words: string[]) => scene.rkt(['app', verb, pod.uuid, ...words]);
    await app('add', 'example.com/busybox', '--name=one', ...shell(`trap 'exit 5' TERM; echo here >/file; ${forever}`));
    await app('start', '--app=one');
    for (const words of [['app', 'exec', '--app=one', pod.uuid], ['enter', '--app=one', pod.uuid]]) {
      assert.equal((await scene.rkt([...words, 'sh', '-c', 'until test -s /file; do sleep 0.1; done; cat /file; id -u'])).stdout, 'here\n0\n');
    }
    assert.match((await app('list', '--no-legend')).stdout, /^one\s+running$/m);
    await app('stop', '--app=one');
    assert.match((await app('status', '--app=one')).stdout, /^state=exited$[^]*^exit_code=5$/m);
    await app('start', '--app=one');
    await app('stop', '--app=one');
    await app('rm', '--app=one');
    assert.equal((await app('list', '--no-legend')).stdout.trim(), '');
    await scene.rkt(['stop', pod.uuid]);
    assert.equal(await pod.ended, 0);
  });

  test(title('a running pod, is exported, and with copies of its files it runs and goes'), user, async () => {
    await using scene = await openUser();
    const pod = await scene.start('--net=none', '--no-overlay', scene.aci, ...shell(`echo made >/made; ${forever}`));
    await scene.rkt(['enter', pod.uuid, 'sh', '-c', 'until test -s /made; do sleep 0.1; done']);
    await scene.rkt(['export', pod.uuid, scene.file('out.aci')], 254);
    await scene.rkt(['stop', '--force', pod.uuid]);
    await scene.rkt(['status', '--wait=20s', pod.uuid]);
    await scene.rkt(['export', pod.uuid, scene.file('out.aci')]);
    assert.equal((await scene.insecure(['run', '--net=none', scene.file('out.aci'), ...shell('cat /made')])).stdout, 'made\n');
  });

  test(title('sockets of a service manager, are an app\'s'), needs(...tools, runtime, 'systemd-socket-activate'), async () => {
    await using scene = await openUser();
    const port = await freePort();
    const ports = [{ name: 'web', protocol: 'tcp', port: 80, socketActivated: true }];
    const script = 'echo "$LISTEN_FDS pid $((LISTEN_PID == $$)) $(readlink /proc/self/fd/3 | cut -d: -f1)"';
    const aci = makeBusyboxAci(scene.file('activated.aci'), { name: 'example.com/activated', app: { exec: ['/bin/sh', '-c', script], ports } });
    const service = scene.as('systemd-socket-activate', `--listen=127.0.0.1:${port}`, rktProgram(), '--insecure-options=image', 'run', '--net=none', aci);
    const knock = `until nc 127.0.0.1 ${port} </dev/null; do sleep 0.1; done`;
    const [{ stdout, output }] = await Promise.all([service, scene.as('busybox', 'sh', '-c', knock)]);
    assert.equal(stdout, '1 pid 1 socket\n', output);
  });

  test(title('a pod of an app that listens to no signal, is stopped by force'), user, async () => {
    await using scene = await openUser();
    const pod = await scene.start('--net=none', scene.aci, '--user=33', ...shell(`trap '' TERM; ${forever}`));
    await scene.rkt(['stop', '--force', pod.uuid]);
    await scene.rkt(['status', '--wait=20s', pod.uuid]);
    await scene.rkt(['rm', pod.uuid]);
  });
}

/** A port of the loopback that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
