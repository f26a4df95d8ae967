import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { findPodLeaks, needs } from '#tests/support';
import { assertCollectable, namesIn, uuidsIn } from './crash-scene.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const sleeping = ['--exec=/bin/sleep', '--', '600'];

interface RunningPod {
  readonly uuid: string;
  readonly directory: string;
  readonly end: Promise<{ readonly status: number }>;
  /** Of a file in the pod's directory. */
  pid(file: string): number;
}

async function until(what: string, body: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !body(); await sleep(20)) if (Date.now() > end) throw new Error(`not in time: ${what}`);
}

async function startPod(scene: Scene, net: string): Promise<RunningPod> {
  const end = scene.insecure(['run', `--net=${net}`, scene.aci, ...sleeping], { status: 'any' });
  await until('a pod runs', () => uuidsIn(scene, ['run']).length === 1);
  const uuid = uuidsIn(scene, ['run'])[0]!;
  const directory = join(scene.home.dataDir, 'pods/run', uuid);
  const ready = join(directory, 'stage1/rootfs/rkt/supervisor-status');
  await until('its app has started', () => lstatSync(ready, { throwIfNoEntry: false }) !== undefined);
  return { uuid, directory, end, pid: (file) => Number(readFileSync(join(directory, file), 'utf8')) };
}

const victims = { supervisor: 'ppid', 'the init of the pod': 'pid', 'the app': 'stage1/oci/busybox/pid' };

for (const [name, file] of Object.entries(victims)) {
  for (const net of ['none', 'default']) {
    test(`${name} killed, net ${net}, the pod ends and nothing of it stays`, root, async () => {
      await using scene = openScene();
      const pod = await startPod(scene, net);
      process.kill(pod.pid(file), 'SIGKILL');
      const { status } = await pod.end;
      assert.notEqual(status, 0);
      await scene.rkt(['status', '--wait=10s', pod.uuid]);
      assert.equal((await scene.status(pod.uuid))['state'], 'exited');
      await assertCollectable(scene, name);
    });
  }
}

test('the app killed, its status is 128 and the signal', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene, 'none');
  process.kill(pod.pid(victims['the app']), 'SIGKILL');
  assert.equal((await pod.end).status, 137);
  assert.equal((await scene.status(pod.uuid))['app-busybox'], '137');
});

/** Puts a program of that name in a directory of its own, first in the PATH of rkt. */
function shadow(scene: Scene, name: string, script: string): Record<string, string> {
  const directory = scene.home.file('shadow');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
  return { PATH: `${directory}:${process.env['PATH']}` };
}

const CALLS_OF_A_RUNTIME = ['clone', 'clone3', 'mount', 'mkdir', 'mkdirat', 'openat', 'write', 'renameat', 'rename', 'setns', 'unshare', 'execve'];

for (const nth of process.env['RKT_SWEEP'] === 'all' ? [1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 25, 30, 40, 50, 70, 90, 120] : [2, 20, 60]) {
  test(`crun, killed at its call ${nth}, the pod ends and nothing of it stays`, needs('root', 'strace', 'crun'), async () => {
    await using scene = openScene();
    const inject = CALLS_OF_A_RUNTIME.map((call) => `-e inject=${call}:signal=KILL:when=${nth}`).join(' ');
    const env = shadow(scene, 'crun', `exec strace -f -qq -o /dev/null -e trace=${CALLS_OF_A_RUNTIME.join(',')} ${inject} /usr/bin/crun "$@"`);
    await scene.insecure(['run', '--net=default', scene.aci, '--exec=/bin/true'], { status: 'any', env });
    await assertCollectable(scene, `call ${nth}`);
    assert.deepEqual(namesIn(join(scene.home.dataDir, 'stage1-oci/seccomp')).filter((name) => name.startsWith('compile-')), []);
  });
}

/** What rkt started lives on for a moment when rkt is killed; then the pod is not collected until it has ended. */
const outlive = (program: string): string => `kill -9 $PPID; sleep 2; exec ${program} "$@"`;

async function assertCollectableInTheEnd(scene: Scene, when: string): Promise<void> {
  const uuids = uuidsIn(scene);
  for (const deadline = Date.now() + 20_000; uuidsIn(scene).length > 0 && Date.now() < deadline; ) {
    await scene.rkt(['gc', '--grace-period=0s']);
    await sleep(250);
  }
  await assertCollectable(scene, when);
  assert.deepEqual(uuids.flatMap((uuid) => findPodLeaks(uuid)), [], when);
}

test('crun, when its supervisor is killed, starts nothing any more', needs('root', 'crun'), async () => {
  await using scene = openScene();
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  const marker = scene.home.file('went-on');
  const env = shadow(scene, 'crun', `case "$*" in *compile-*) exec /usr/bin/crun "$@";; esac\nkill -9 $PPID; sleep 0.5; touch ${marker}`);
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true'], { status: 137, env });
  await assertCollectableInTheEnd(scene, 'crun');
  assert.equal(existsSync(marker), false);
});

test('iptables-restore, when rkt is killed, publishes no port of a pod that was collected', needs('root', 'iptables-restore'), async () => {
  await using scene = openScene({ app: { ports: [{ name: 'http', port: 80, protocol: 'tcp' }] } });
  const env = shadow(scene, 'iptables-restore', outlive('/usr/sbin/iptables-restore'));
  await scene.insecure(['run', '--port=http:18080', scene.aci, '--exec=/bin/true'], { status: 137, env });
  await assertCollectableInTheEnd(scene, 'iptables-restore');
});

/** Stands before a CNI plugin: the user's plugins come first. */
function shadowPlugin(scene: Scene, name: string, script: string): void {
  const directory = join(scene.home.localConfig, 'net.d');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

const pluginAccidents = {
  'kills rkt before it begins': 'kill -9 $PPID; exit 1',
  'kills rkt when it is done': '/usr/lib/cni/ptp; code=$?; [ $CNI_COMMAND = DEL ] || kill -9 $PPID; exit $code',
  'is killed when it is done': '/usr/lib/cni/ptp; code=$?; [ $CNI_COMMAND = DEL ] || kill -9 $$; exit $code',
  'goes on when rkt is dead': `[ $CNI_COMMAND = DEL ] && exec /usr/lib/cni/ptp; ${outlive('/usr/lib/cni/ptp')}`,
};
for (const [accident, script] of Object.entries(pluginAccidents)) {
  test(`a network plugin that ${accident}, leaves nothing that gc does not remove`, { ...needs('root'), skip: existsSync('/usr/lib/cni/ptp') ? needs('root').skip : 'no CNI plugins in /usr/lib/cni' }, async () => {
    await using scene = openScene();
    const only = accident === 'kills rkt before it begins' ? `[ $CNI_COMMAND = DEL ] && exec /usr/lib/cni/ptp\n${script}` : script;
    shadowPlugin(scene, 'ptp', only);
    const { status } = await scene.insecure(['run', scene.aci, '--exec=/bin/true'], { status: 'any' });
    assert.notEqual(status, 0);
    await assertCollectableInTheEnd(scene, accident);
  });
}
