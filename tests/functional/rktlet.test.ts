/** The command lines of rktlet, the shim between Kubernetes and rkt, in their order and with its reading of what comes back. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, rktProgram } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const SWITCHES = { RKT_EXPERIMENT_APP: 'true', RKT_EXPERIMENT_ATTACH: 'true' };
const K8S = 'k8s.io/reserved';

/** `rkt COMMAND FLAGS ARGS`, as rktlet builds it. */
function wordsOf(scene: Scene, command: string, args: readonly string[]): string[] {
  return [command, '--debug=false', ...scene.home.flags, '--insecure-options=image', ...args];
}

/** Its RunCommand: both streams, split into lines. */
async function runCommand(scene: Scene, command: string, ...args: readonly string[]): Promise<string[]> {
  const { output, status } = await scene.rkt(wordsOf(scene, command, args), { env: { ...process.env, ...SWITCHES }, status: 'any' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${output}`);
  return output.trim().split('\n');
}

async function json(scene: Scene, command: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const lines = await runCommand(scene, command, ...args);
  assert.equal(lines.length, 1, lines.join('\n'));
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}

async function runPodSandbox(scene: Scene): Promise<{ uuid: string; process: ChildProcess; ended: Promise<number | null> }> {
  const file = scene.home.file('rktlet_uid');
  const logs = scene.home.file('logs');
  mkdirSync(logs);
  const words = wordsOf(scene, 'app', [
    'sandbox', `--uuid-file-save=${file}`,
    '--annotation=coreos.com/rkt/experiment/logmode=k8s-plain',
    `--annotation=coreos.com/rkt/experiment/kubernetes-log-dir=${logs}`,
    '--hostname=web-0', '--dns=10.0.0.10', '--dns-search=svc.cluster.local', '--dns-opt=ndots:5', '--net=none',
    ...['pod-uid=u-1', 'pod-name=web', 'pod-namespace=default', 'pod-attempt=0'].map((word) => `--user-annotation=${K8S}/${word}`),
    '--user-label=app=web',
  ]);
  const child = spawn(rktProgram(), words, { env: { ...process.env, ...SWITCHES }, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (!existsSync(file) || readFileSync(file, 'utf8').length !== 36) {
    assert.equal(child.exitCode, null);
    await sleep(20);
  }
  return { uuid: readFileSync(file, 'utf8'), process: child, ended };
}

const addWords = (uuid: string, name: string, source: string, args: readonly string[]): string[] => [
  'add', uuid, 'example.com/busybox', `--annotation=coreos.com/rkt/experiment/kubernetes-log-path=${name}.log`, `--name=${name}`,
  '--stdin=stream', '--stdout=stream', '--stderr=stream',
  '--user-annotation=io.kubernetes.container.hash=1', `--user-annotation=${K8S}/image-name=busybox`, '--user-label=tier=front',
  '--environment=KUBERNETES_PORT=tcp://10.0.0.1:443', '--cpu-shares=2', '--cpu=100m', '--memory=33554432', '--oom-score-adj=999',
  '--seccomp=mode=retain,@appc.io/all', '--caps-retain=CAP_CHOWN,CAP_KILL,CAP_NET_BIND_SERVICE', '--user=0', '--supplementary-gids=1,2',
  '--readonly-rootfs=true', '--working-dir=/tmp',
  `--mnt-volume=name=0b1b7e0c-2a8f-11e7-9f3c-1c1b0d7c8a2e,kind=host,source=${source},target=/etc/hosts-of-pod,readOnly=false`,
  '--exec=/bin/sh', '--', ...args, '---',
];

test('rktlet, a pod sandbox and its containers, have the life that it gives them', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const { uuid, ended } = await runPodSandbox(scene);
  const pod = await json(scene, 'status', uuid, '--format=json', '--wait-ready=10s');
  assert.deepEqual([pod['name'], pod['state'], pod['user_labels']], [uuid, 'running', { app: 'web' }]);
  assert.equal((pod['user_annotations'] as Record<string, string>)[`${K8S}/pod-attempt`], '0');
  assert.equal(typeof pod['created_at'], 'number');

  const source = scene.home.file('volume');
  mkdirSync(source);
  await runCommand(scene, 'app', ...addWords(uuid, '0-web', source, ['-c', "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done"]));
  const container = async (): Promise<Record<string, unknown>> => json(scene, 'app', 'status', uuid, '--app=0-web', '--format=json');
  const created = await container();
  assert.deepEqual([created['name'], created['state'], created['user_labels']], ['0-web', 'created', { tier: 'front' }]);
  assert.deepEqual(created['mounts'], [
    { name: '0b1b7e0c-2a8f-11e7-9f3c-1c1b0d7c8a2e', container_path: '/etc/hosts-of-pod', host_path: source, read_only: false },
  ]);
  assert.match(String(created['image_id']), /^sha512-/);
  await runCommand(scene, 'app', 'start', uuid, '--app=0-web');
  const running = await container();
  assert.equal(running['state'], 'running');
  assert.ok(Number(running['started_at']) > Number(running['created_at']));

  const log = scene.home.file('logs/0-web.log');
  while (!existsSync(log) || !readFileSync(log, 'utf8').includes('ready')) await sleep(20);
  assert.match(readFileSync(log, 'utf8'), /^\d{4}-\d\d-\d\dT\S+ stdout (F )?ready\n$/);

  const exec = await scene.rkt(wordsOf(scene, 'app', ['exec', '--app=0-web', uuid, '/bin/sh', '-c', 'hostname; exit 3']), { status: 3 });
  assert.equal(exec.stdout, 'web-0\n');

  const pods = JSON.parse((await runCommand(scene, 'list', '--format=json'))[0]!) as Record<string, unknown>[];
  assert.deepEqual(pods.map((each) => [each['name'], each['app_names']]), [[uuid, ['0-web']]]);

  await runCommand(scene, 'app', 'stop', uuid, '--app=0-web');
  const exited = await container();
  assert.deepEqual([exited['state'], exited['exit_code']], ['exited', 0]);
  assert.ok(Number(exited['finished_at']) > Number(exited['started_at']));
  await runCommand(scene, 'app', 'rm', uuid, '--app=0-web');
  await runCommand(scene, 'app', ...addWords(uuid, '1-web', source, ['-c', 'exit 1']));

  await runCommand(scene, 'stop', '--force=false', uuid);
  assert.equal(await ended, 0);
  const again = await scene.rkt(wordsOf(scene, 'stop', ['--force=true', uuid]));
  assert.match(again.stdout, /is already stopped/);
  assert.equal((await json(scene, 'status', uuid, '--format=json'))['state'], 'exited');
  await runCommand(scene, 'rm', uuid);
  assert.equal((await scene.rkt(['list', '--format=json'])).stdout, 'null\n');
});
