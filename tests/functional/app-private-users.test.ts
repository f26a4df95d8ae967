/** Apps that come and go in a pod with a user namespace of its own. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { type Sandbox, startSandbox } from './sandbox.ts';

const root = needs('root');
const forever = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

const directoryOf = ({ scene, uuid }: Sandbox): string => join(scene.home.dataDir, 'pods/run', uuid);
const shiftOf = (sandbox: Sandbox): number => Number(readFileSync(join(directoryOf(sandbox), 'private-users-prepared'), 'utf8').split(':')[0]);
const pidOf = (sandbox: Sandbox, app: string): number => Number(readFileSync(join(directoryOf(sandbox), 'stage1/oci', app, 'pid'), 'utf8'));
const uidsOf = (pid: number): string => /^Uid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;

for (const copies of [[], ['--no-overlay']]) {
  const title = copies.length === 0 ? 'app sandbox, with private users' : 'app sandbox, with private users and copies';

  test(`${title}, its apps are the pod's users and nobody's on the host, come and go`, root, async () => {
    await using sandbox = await startSandbox('--private-users', ...copies);
    const shift = shiftOf(sandbox);
    const four = (uid: number): string => Array.from({ length: 4 }, () => uid).join('\t');
    await sandbox.add('one', `touch /mine; chown 7:8 /mine; ${forever}`);
    await sandbox.start('one');
    await sandbox.add('two', forever, '--user=1000');
    await sandbox.start('two');
    assert.deepEqual([uidsOf(pidOf(sandbox, 'one')), uidsOf(pidOf(sandbox, 'two'))], [four(shift), four(shift + 1000)]);
    for (const kind of ['user', 'pid', 'ipc', 'uts', 'net']) {
      const of = (pid: number | string): string => readlinkSync(`/proc/${pid}/ns/${kind}`);
      assert.equal(of(pidOf(sandbox, 'one')), of(pidOf(sandbox, 'two')));
      assert.notEqual(of(pidOf(sandbox, 'one')), of('self'));
    }
    const { stdout } = await sandbox.scene.rkt(['enter', '--app=one', sandbox.uuid, 'sh', '-c', "until test -e /mine; do sleep 0.1; done; id -u; stat -c '%u %g' / /bin/busybox /mine; cut -c1-10 /proc/self/uid_map"]);
    assert.deepEqual(stdout.trim().split('\n').map((line) => line.trim()), ['0', '0 0', '0 0', '7 8', '0']);
    await sandbox.app('stop', ['--app=one']);
    await sandbox.app('rm', ['--app=one']);
    await sandbox.add('one', `test ! -e /mine && echo anew; ${forever}`);
    await sandbox.start('one');
    assert.deepEqual(await sandbox.list(), ['two running', 'one running']);
    assert.equal(existsSync('/run/rkt/one'), false);
    assert.deepEqual(await sandbox.stop(), { code: 0, signal: null });
    assert.match(sandbox.pod.output.stdout, /anew\n/);
  });
}

test('app add, in a pod with private users, volumes, limits, probes and logs, are as in every pod', root, async () => {
  await using sandbox = await startSandbox('--private-users');
  const { scene, uuid } = sandbox;
  mkdirSync(scene.home.file('volume'));
  writeFileSync(scene.home.file('volume/open'), 'for all\n');
  const volume = `--mnt-volume=name=v,kind=host,source=${scene.home.file('volume')},target=/v`;
  const empty = '--mnt-volume=name=e,kind=empty,uid=5,mode=0750,target=/e';
  const script = `cat /v/open; touch /v/new 2>/dev/null || echo refused; stat -c '%u %a' /e; ${forever}`;
  await sandbox.add('one', script, volume, empty, '--memory=24Mi', '--health-cmd=test -e /e', '--health-interval=100ms', '--stdout=log');
  await sandbox.start('one');
  for (;;) if (/^health-one=healthy$/m.test((await scene.rkt(['status', uuid])).stdout)) break;
  const logs = async (): Promise<string> => (await scene.rkt(['logs', '--app=one', uuid])).stdout;
  for (const end = Date.now() + 30_000; !(await logs()).includes('5 750'); ) assert.ok(Date.now() < end, await logs());
  assert.equal(await logs(), 'for all\nrefused\n5 750\n');
  assert.equal((await scene.rkt(['enter', '--app=one', uuid, 'tail', '/dev/zero'], { status: 137 })).status, 137);
  const { uid } = statSync(scene.home.file('volume/open'));
  assert.equal(uid, 0);
  await sandbox.app('stop', ['--app=one']);
});

test('app add, in a pod with private users, that fails, leaves nothing of it', root, async () => {
  await using sandbox = await startSandbox('--private-users');
  const { stderr } = await sandbox.app('add', ['example.com/busybox', '--name=bad', '--exec=/no/such', '--working-dir=/nowhere'], { status: 254 });
  assert.match(stderr, /nowhere|no such/i);
  assert.deepEqual(await sandbox.list(), []);
  assert.deepEqual(readdirSync(join(directoryOf(sandbox), 'stage1/oci')).filter((name) => name !== 'running.json'), []);
  const { stdout } = await sandbox.scene.rkt(['app', 'list', '--no-legend', sandbox.uuid]);
  assert.equal(stdout.trim(), '');
  await sandbox.add('good', 'exit 3');
  await sandbox.start('good');
  await sandbox.until('good', 'exited');
});
