/**
 * What appc demands of an executor as the apps see it (spec/ace.md, spec/aci.md, spec/pods.md), checked from
 * inside a pod of two apps that share a volume, as the specification's own validator does.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const { skip } = needs('root');

/** A subject, the requirement, the command that shows it, and what that prints. */
type Requirement = readonly [app: 'main' | 'sidekick', requirement: string, command: string, printed: string | RegExp];

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const environOf = (name: string): string => `tr "\\0" "\\n" </pid-environ | grep "^${name}="`;

const requirements: readonly Requirement[] = [
  ['main', 'PATH is the standard one', environOf('PATH'), `PATH=${PATH}`],
  ['main', 'AC_APP_NAME is the name of the app', environOf('AC_APP_NAME'), 'AC_APP_NAME=main'],
  ['sidekick', 'AC_APP_NAME is the name of each app', environOf('AC_APP_NAME'), 'AC_APP_NAME=sidekick'],
  ['main', 'container is the name of the executor', environOf('container'), 'container=rkt'],
  ['main', 'the environment of the image is set', environOf('IN_ACE'), 'IN_ACE=correct'],
  ['main', 'the working directory is that of the image', 'cat /cwd', '/opt/work'],
  ['sidekick', 'the working directory is the root by default', 'cat /cwd', '/'],
  ['main', 'the user and group are those of the image', 'cat /id', /^uid=65534\S* gid=65534\S* groups=7,8$/],
  ['sidekick', 'the owner of a file is a user and group by its path', 'cat /id', /^uid=0\S* gid=0/],
  ['main', 'each app has a root of its own', 'ls /only-sidekick 2>&1', /No such file/],
  ['sidekick', 'the root is writable by default', 'cat /written', 'written'],
  ['main', 'the root is read-only where that is asked', 'touch /x 2>&1', /Read-only file system/],
  ['main', 'a volume is a mount at the mount point', 'grep -c " /db " /proc/self/mountinfo', '1'],
  ['main', 'an app sees what another writes to a shared volume', 'cat /db/sidekick', 'of sidekick'],
  ['sidekick', 'and the other way round', 'cat /db/main', 'of main'],
  ['sidekick', 'a mount point that is read-only in the image is read-only', 'touch /settings/x 2>&1', /Read-only file system/],
  ['main', 'a target that does not exist is made, owned by root, with its parents', 'stat -c "%u %g %a" /made /made/below', '0 0 755\n0 0 755'],
  ['main', 'an empty volume has the owner and mode that were given', 'stat -c "%u %g %a" /db', '65534 7 1777'],
  ['main', 'there is a loopback interface with an address', 'ip -o addr show lo', /127\.0\.0\.1\/8/],
  ['main', 'apps share the network: one reaches the other by loopback', 'wget -q -O - http://127.0.0.1:8080/answer', 'of sidekick'],
  ['main', 'apps share the hostname', 'hostname; cat /db/hostname-sidekick', /^(\S+)\n\1$/],
  ['main', 'apps share their processes, and none is the first', 'cat /proc/1/comm; ps | grep -c "[h]ttpd"', 'rkt-init\n1'],
  ['main', 'the bounding set is the fourteen capabilities of the specification', 'grep CapBnd /proc/self/status | cut -f2', '00000000a80425fb'],
  ['sidekick', 'capabilities-remove-set takes from them', 'grep CapBnd /proc/self/status | cut -f2', '00000000a00425db'],
  ['main', '/proc, /sys, /dev/pts and /dev/shm are mounted', 'for i in /proc /sys /dev/pts /dev/shm; do grep -c " $i " /proc/self/mountinfo; done | sort -u', '1'],
  ['main', 'the devices of OS-SPEC are devices', 'for i in null zero full random urandom tty console ptmx; do test -c /dev/$i || echo no $i; done; echo gone >/dev/console; echo end', 'end'],
  ['main', 'standard devices work', 'head -c 4 /dev/zero | wc -c; head -c 8 /dev/urandom | wc -c; echo gone >/dev/null', '4\n8'],
  ['sidekick', 'pre-start ran to its end before the app', 'cat /order', 'pre-start\nmain'],
];

const note = 'id >/id; pwd >/cwd; cat /proc/self/environ >/pid-environ';

const mainApp = {
  user: '65534', group: '65534', supplementaryGIDs: [7, 8],
  workingDirectory: '/opt/work',
  environment: [{ name: 'IN_ACE', value: 'correct' }],
  mountPoints: [{ name: 'database', path: '/db' }, { name: 'deep', path: '/made/below' }, { name: 'notes', path: '/notes' }],
  // Its root is read-only: what it notes goes to a volume.
  exec: ['/bin/sh', '-c', `cd /opt/work; ${note.replaceAll('>/', '>/notes/')}; echo "of main" >/db/main; exec sleep 1000`],
};

const sidekickApp = {
  user: '/bin/busybox', group: '/bin/busybox',
  mountPoints: [{ name: 'database', path: '/db' }, { name: 'settings', path: '/settings', readOnly: true }],
  isolators: [{ name: 'os/linux/capabilities-remove-set', value: { set: ['CAP_KILL', 'CAP_MKNOD', 'CAP_SYS_ADMIN'] } }],
  eventHandlers: [{ name: 'pre-start', exec: ['/bin/sh', '-c', 'echo pre-start >/order'] }],
  exec: ['/bin/sh', '-c', `echo main >>/order; ${note}; echo written >/written; touch /only-sidekick; echo "of sidekick" >/db/sidekick; hostname >/db/hostname-sidekick; mkdir /www; echo "of sidekick" >/www/answer; exec httpd -f -p 8080 -h /www`],
};

describe('an executor of App Containers', { skip }, () => {
  let scene: Scene;
  let uuid: string;

  before(async () => {
    scene = openScene();
    const main = scene.makeAci('main.aci', { name: 'example.com/main', app: mainApp, files: { '/opt/work/x': '' } });
    const sidekick = scene.makeAci('sidekick.aci', { name: 'example.com/sidekick', app: sidekickApp });
    const volumes = ['database,kind=empty,uid=65534,gid=7,mode=1777', 'deep,kind=empty', 'notes,kind=empty,mode=0777', 'settings,kind=empty'];
    ({ uuid } = await startRkt(scene, ['run', '--net=none', ...volumes.map((volume) => `--volume=${volume}`), main, '--readonly-rootfs=true', '---', sidekick]));
    for (const file of ['/db/main', '/db/hostname-sidekick']) {
      await scene.rkt(['enter', '--app=main', uuid, 'sh', '-c', `until test -s ${file}; do sleep 0.1; done`]);
    }
  });
  after(async () => scene[Symbol.asyncDispose]());

  for (const [app, requirement, command, printed] of requirements) {
    test(`${app}: ${requirement}`, async () => {
      const place = app === 'main' ? command.replace(/\/(id|cwd|pid-environ)\b/g, '/notes/$1') : command;
      const { stdout } = await scene.rkt(['enter', `--app=${app}`, uuid, 'sh', '-c', place], { status: 'any' });
      if (typeof printed === 'string') assert.equal(stdout.trim(), printed);
      else assert.match(stdout.trim(), printed);
    });
  }
});
