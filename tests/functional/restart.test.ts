/** Restart policies: docs/health-and-restart.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
/** Fails until it was started so many times. */
const succeedsAt = (run: number): string => `echo run >>/log; [ $(wc -l </log) -ge ${run} ] || exit 3`;
const shell = (script: string): string[] => ['--exec=/bin/sh', '--', '-c', script];

async function untilStatus(scene: Scene, uuid: string, what: (status: Record<string, string>) => boolean): Promise<Record<string, string>> {
  for (;;) {
    const status = await scene.status(uuid);
    if (what(status)) return status;
    await sleep(50);
  }
}

test('--restart, of an app that fails twice, starts it again on its files; status counts', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--name=web', '--restart=on-failure', ...shell(succeedsAt(3)));
  await scene.rkt(['run-prepared', '--net=none', uuid]);
  const status = await scene.status(uuid);
  assert.deepEqual([status['app-web'], status['restarts-web']], ['0', '2']);
  const [app] = JSON.parse((await scene.rkt(['status', '--format=json', uuid])).stdout).apps;
  assert.deepEqual([app.restarts, app.last_exit_code, app.restarting, app.exit_code], [2, 3, undefined, 0]);
});

test('--restart, with a limit that is used up, ends the pod with the code of the app', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, '--restart=on-failure:1', ...shell('echo run; exit 7')], { status: 7 });
  assert.equal(stdout, 'run\nrun\n');
});

test('--restart, of an app that waits for its next start, is running and told to be restarting; a stop ends it', root, async () => {
  await using scene = openScene();
  const file = ['run', '--net=none', scene.aci, '--name=web', '--restart=always', ...shell('exit 5')];
  const pod = await startRkt(scene, file);
  await untilStatus(scene, pod.uuid, (status) => Number(status['restarts-web']) >= 3);
  const { state, apps } = JSON.parse((await scene.rkt(['status', '--format=json', pod.uuid])).stdout);
  assert.deepEqual([state, apps[0].state, apps[0].exit_code, apps[0].last_exit_code], ['running', 'running', undefined, 5]);
  await scene.rkt(['stop', pod.uuid]);
  assert.equal((await pod.ended).code, 0);
  assert.equal((await scene.status(pod.uuid))['app-web'], '5');
});

test('--restart, of an app with event handlers, runs them each time', root, async () => {
  await using scene = openScene();
  const eventHandlers = [['pre-start', 'echo before'], ['post-stop', 'echo after']].map(([name, script]) => ({ name, exec: ['/bin/sh', '-c', script] }));
  const aci = scene.makeAci('handlers.aci', { app: { exec: ['/bin/sh', '-c', `echo main; ${succeedsAt(2)}`], eventHandlers } });
  const { stdout } = await scene.insecure(['run', '--net=none', aci, '--restart=on-failure']);
  assert.equal(stdout, 'before\nmain\nafter\nbefore\nmain\nafter\n');
});

test('--restart, of an app that used up its memory, starts it again; status says why it failed', root, async () => {
  await using scene = openScene();
  const script = 'tail /dev/zero';
  const args = ['run', '--net=none', `--uuid-file-save=${scene.home.file('uuid')}`, scene.aci, '--name=web', '--memory=16M', '--restart=on-failure:1', ...shell(script)];
  const { stderr } = await scene.insecure(args, { status: 'any' });
  assert.equal(stderr.match(/web: out of memory/g)?.length, 2, stderr);
  const { stdout } = await scene.rkt(['status', `--uuid-file=${scene.home.file('uuid')}`]);
  assert.match(stdout, /^oom-web=true$/m);
  assert.match(stdout, /^restarts-web=1$/m);
});

test('--restart, a policy that is none, is refused before there is a pod', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', scene.aci, '--restart=often'], { status: 254 });
  assert.match(stderr, /invalid argument "often" for --restart=often/);
  const annotated = await scene.insecure(['run', scene.aci, '--annotation=coreos.com/rkt/restart=often'], { status: 254 });
  assert.match(annotated.stderr, /restart policy "often" is none of/);
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
});
