import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { runPod, skip, supervisorPath } from './supervised-pod.ts';

/** Opens descriptors for the supervisor: they need not be sockets. */
const opens = (redirections: string): string[] => ['sh', '-c', `exec ${redirections}; exec "$@"`, 'sh'];
describe('supervisor, sockets for apps', { skip }, () => {
  test('descriptors, are those of the app from 3 on, in the order they were named, and of no other app', async (t) => {
    const pod = await runPod(t, {
      prefix: opens('3</proc/sys/kernel/ostype 4</proc/sys/kernel/osrelease 5</proc/sys/kernel/hostname'),
      apps: [
        { name: 'one', script: 'cat <&3; cat <&4; [ ! -e /proc/self/fd/5 ] || echo one more', flags: ['--listen-fd=4', '--listen-fd=3'] },
        { name: 'two', script: '[ ! -e /proc/self/fd/3 ] || echo one for the other' },
      ],
    });
    const release = spawnSync('uname', ['-r'], { encoding: 'utf8' }).stdout;
    assert.equal(pod.stdout, `${release}Linux\n`, pod.stderr);
    assert.equal(pod.ending.code, 0);
  });

  test('an app that is started again, has them again', async (t) => {
    const script = 'echo run >>/log; read line </proc/self/fd/3; echo "$line"; [ $(grep -c run /log) -ge 2 ]';
    const pod = await runPod(t, { prefix: opens('3</proc/sys/kernel/ostype'), apps: [{ name: 'one', script, flags: ['--listen-fd=3', '--restart=on-failure'] }] });
    assert.equal(pod.stdout, 'Linux\nLinux\n', pod.stderr);
  });
});

describe('supervisor, in an app', { skip: skip || (process.env['RKT_SUPERVISOR_WRAPPED'] !== undefined && 'the name of the program is lost') }, () => {
  const standIn = (...argv: string[]) => spawnSync(supervisorPath, argv, { argv0: '/dev/rkt/listen', encoding: 'utf8', env: { A: 'b', LISTEN_FDS: '1' } });

  test('it becomes the program of the app, and has said which process that is', () => {
    const { stdout, status, pid } = standIn('/bin/sh', '-c', 'echo "$$ $LISTEN_PID $LISTEN_FDS $A"; exit 7');
    assert.deepEqual([stdout, status], [`${pid} ${pid} 1 b\n`, 7]);
  });

  test('a program that is not there, is named', () => {
    const { stderr, status } = standIn('/nowhere/app');
    assert.deepEqual([stderr, status], ['rkt: cannot execute /nowhere/app: No such file or directory\n', 254]);
  });

  test('no program at all, fails', () => {
    assert.equal(standIn().status, 254);
  });
});
