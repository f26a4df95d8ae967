/** The exact calls of programs that drive rkt, and what they make of the answers. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeKey, needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, UUID } from './scene.ts';

const root = needs('root', 'iptables');

interface StatusJson {
  readonly name: string;
  readonly state: string;
  readonly networks: readonly { readonly netName: string; readonly ip: string; readonly ifName: string }[];
}

test('nomad, its fingerprint, finds versions of rkt and appc', async () => {
  await using scene = openScene();
  const { stdout } = await scene.rkt(['version']);
  assert.ok(Number(/rkt [vV]ersion[:]? (\d[.\d]+)/.exec(stdout)![1]!.split('.')[0]) >= 1);
  assert.match(stdout, /appc [vV]ersion[:]? (\d[.\d]+)/);
  assert.equal((await scene.rkt(['v'])).stdout.split('\n')[0]!.split(' ')[2], /rkt Version: (.*)/.exec(stdout)![1]);
});

test('nomad, a task from start to stop, is trusted, prepared, run, asked, entered and ended by its signal', needs('root', 'gpg', 'iptables'), async () => {
  const ports = [{ name: 'http', protocol: 'tcp', port: 8080, count: 1, socketActivated: false }];
  await using scene = openScene({ app: { ports } });
  using key = makeKey();
  key.sign(scene.aci);
  const trust = ['trust', '--skip-fingerprint-review=true', '--prefix=example.com', '--debug=true', key.publicKeyFile];
  await scene.rkt(trust);
  await scene.rkt(trust);
  const mounts = ['alloc', 'local', 'secrets'].flatMap((name) => {
    mkdirSync(scene.home.file(`task-${name}`));
    return [`--volume=${name},kind=host,source=${scene.home.file(`task-${name}`)}`, `--mount=volume=${name},target=/${name}`];
  });
  writeFileSync(scene.home.file('task-alloc/f'), 'of the task\n');
  const limits = ['--memory=134217728', '--cpu=100', '--port=http:18098', '--user=0', '--group=0'];
  const prepared = await scene.rkt([
    '--insecure-options=ondisk', '--debug=true', 'prepare', '--no-overlay=true', ...mounts, '--set-env=NOMAD_TASK_NAME=web',
    scene.aci, '--exec=/bin/sh', ...limits, '--', '-c', 'echo $NOMAD_TASK_NAME; exec sleep 1000',
  ]);
  assert.match(prepared.stdout, new RegExp(`^${UUID.source}\n$`));
  const uuid = prepared.stdout.trim();
  const manifest = JSON.parse((await scene.rkt(['cat-manifest', uuid])).stdout) as { acKind: string; apps: { app: { ports: { name: string; port: number }[] } }[] };
  assert.equal(manifest.acKind, 'PodManifest');
  assert.deepEqual(manifest.apps.map(({ app }) => app.ports.map(({ name, port }) => [name, port])), [[['http', 8080]]]);

  const pod = await startRkt(scene, ['--debug=true', 'run-prepared', '--dns=8.8.8.8', '--dns-search=service.consul', uuid], uuid);
  const status = JSON.parse((await scene.rkt(['status', '--format=json', uuid])).stdout) as StatusJson;
  assert.deepEqual([status.name, status.state], [uuid, 'running']);
  assert.match(status.networks[0]!.ip, /^172\.16\.28\.\d+$/);
  assert.equal((await scene.rkt(['enter', uuid, '/bin/sh', '-c', 'cat /alloc/f; exit 5'], { status: 5 })).stdout, 'of the task\n');
  pod.process.kill('SIGTERM');
  assert.deepEqual(await pod.ended, { code: null, signal: 'SIGTERM' });
  assert.equal(pod.output.stdout, 'web\n');
});

test('kubelet, a pod manifest, is prepared with one line, run on a network of its own and removed', root, async () => {
  await using scene = openScene();
  const id = (await scene.insecure(['fetch', '--full', scene.aci])).stdout.trim();
  mkdirSync(join(scene.home.localConfig, 'net.d'));
  const network = { name: 'rkt.kubernetes.io', type: 'ptp', ipMasq: true, ipam: { type: 'host-local', dataDir: scene.home.file('leases'), subnet: '10.233.17.0/24', routes: [{ dst: '0.0.0.0/0' }] } };
  writeFileSync(join(scene.home.localConfig, 'net.d/10-k8s.conf'), JSON.stringify(network));
  const app = {
    exec: ['/bin/sh', '-c', 'cat /etc/resolv.conf; hostname; exec sleep 1000'], user: '0', group: '0',
    ports: [{ name: 'http', port: 80, protocol: 'tcp', count: 1, socketActivated: false }],
  };
  const manifest = {
    acVersion: '0.8.11', acKind: 'PodManifest', apps: [{ name: 'web', image: { id }, app }], volumes: null, isolators: null,
    annotations: [{ name: 'rkt.kubernetes.io/managed-by-kubelet', value: 'true' }], ports: [{ name: 'http', hostPort: 18097 }],
  };
  writeFileSync(scene.home.file('pod.json'), JSON.stringify(manifest));
  const { stdout } = await scene.rkt(['prepare', '--quiet', '--pod-manifest', scene.home.file('pod.json')]);
  assert.match(stdout, new RegExp(`^${UUID.source}\n$`));
  const uuid = stdout.trim();
  const dns = ['--dns=10.0.0.10', '--dns-search=svc.cluster.local', '--dns-opt=ndots:5'];
  const pod = await startRkt(scene, ['run-prepared', '--no-overlay=true', '--net=rkt.kubernetes.io', ...dns, '--hostname=web-1', uuid], uuid);
  assert.equal((await scene.rkt(['enter', '--app=web', uuid, '/bin/hostname'])).stdout, 'web-1\n');
  assert.match(pod.output.stdout, /search svc\.cluster\.local\nnameserver 10\.0\.0\.10\noptions ndots:5\n/);
  const row = (await scene.rkt(['list', '--no-legend', '--full'])).stdout.trim().split(/\t+/);
  assert.deepEqual([row[0], row[1], row[2], row[4]], [uuid, 'web', 'example.com/busybox:1.0', 'running']);
  await scene.rkt(['rm', uuid], { status: 254 });
  await scene.rkt(['stop', uuid]);
  assert.equal((await pod.ended).code, 0);
  assert.equal((await scene.rkt(['rm', uuid])).stdout, `"${uuid}"\n`);
});

test('wrappers of kubelet and etcd, a pod in the network of the host, is run, stopped and removed by its UUID file', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('wrapper.uuid');
  await scene.rkt(['rm', `--uuid-file=${file}`], { status: 254 });
  const volumes = ['--volume', `data,kind=host,source=${scene.home.localConfig},readOnly=false,recursive=true`, '--mount', 'volume=data,target=/data'];
  const flags = ['--trust-keys-from-https', '--inherit-env', '--net=host', '--dns=host', '--hosts-entry', 'host'];
  const pod = await startRkt(scene, ['run', ...flags, ...volumes, scene.aci, '--exec=/bin/sh', '--', '-c', 'cp /etc/hosts /data/hosts; trap "exit 0" TERM; while :; do sleep 0.1; done']);
  writeFileSync(file, pod.uuid);
  await scene.rkt(['stop', `--uuid-file=${file}`]);
  assert.deepEqual(await pod.ended, { code: 0, signal: null });
  assert.equal(readFileSync(join(scene.home.localConfig, 'hosts'), 'utf8'), readFileSync('/etc/hosts', 'utf8'));
  await scene.rkt(['gc', '--mark-only']);
  await scene.rkt(['rm', `--uuid-file=${file}`]);
  assert.equal((await scene.rkt(['list', '--format=json'])).stdout, 'null\n');
});

test('heartbeat and neco, columns and keys of the lists, are where they look', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--name=web', '--exec=/bin/sleep', '--', '1000']);
  const columns = (await scene.rkt(['list', '--no-legend'])).stdout.trim().split(/\s+/);
  assert.deepEqual([columns[1], columns[3]], ['web', 'running']);
  assert.equal((await scene.rkt(['list', '--no-legend', '--full'])).stdout.split(/\s+/)[0], pod.uuid);
  assert.match((await scene.rkt(['image', 'list', '--no-legend'])).stdout, /^\S+\s+example\.com\/busybox:1\.0\s/m);
  const images = JSON.parse((await scene.rkt(['image', 'list', '--format=json'])).stdout) as { id: string; name: string }[];
  assert.match(images.find(({ name }) => name === 'example.com/busybox:1.0')!.id, /^sha512-[0-9a-f]{64}$/);
  const pods = JSON.parse((await scene.rkt(['list', '--format=json'])).stdout) as { name: string; state: string; app_names: string[] }[];
  assert.deepEqual(pods.map(({ name, state, app_names }) => [name, state, app_names]), [[pod.uuid, 'running', ['web']]]);
});

test('sysdig and Calico, files of a running pod, say its image, its ports and its addresses', root, async () => {
  const ports = [{ name: 'http', protocol: 'tcp', port: 80, count: 1, socketActivated: false }];
  await using scene = openScene({ app: { ports } });
  const pod = await startRkt(scene, ['run', '--port=http:18096', scene.aci, '--exec=/bin/sleep', '--', '1000']);
  const directory = join(scene.home.dataDir, 'pods/run', pod.uuid);
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(directory, name), 'utf8')) as T;
  const image = read<{ name: string; labels: { name: string; value: string }[] }>('appsinfo/busybox/manifest');
  assert.equal(image.name, 'example.com/busybox');
  assert.equal(image.labels.find(({ name }) => name === 'version')!.value, '1.0');
  assert.match(read<{ ip: string }[]>('net-info.json')[0]!.ip, /^172\.16\.28\.\d+$/);
  const manifest = read<{ apps: { app: { ports: unknown[] } }[]; ports: { name: string; hostPort: number }[] }>('pod');
  assert.equal(manifest.apps[0]!.app.ports.length, 1);
  assert.deepEqual(manifest.ports.map(({ name, hostPort }) => [name, hostPort]), [['http', 18096]]);
  assert.ok(existsSync(readFileSync(join(directory, 'netns'), 'utf8').trim()));
  assert.ok(existsSync(join(directory, `overlay/${readFileSync(join(directory, 'appsinfo/busybox/treeStoreID'), 'utf8').trim()}/upper`)));
  const pid = readFileSync(join(directory, 'pid'), 'utf8').trim();
  const supervisor = readFileSync(join(directory, 'ppid'), 'utf8').trim();
  assert.equal(Number(supervisor), pod.process.pid);
  assert.equal(readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${supervisor}`), true);
  assert.ok(readFileSync(`/proc/${supervisor}/cmdline`, 'utf8').split('\0').includes(`--uuid=${pod.uuid}`));
  assert.equal(realpathSync(`/proc/${supervisor}/cwd`), realpathSync(directory));
});
