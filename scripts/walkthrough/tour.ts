import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { type Home, makeBusyboxAci, makeKey, openHome, rktProgram } from '#tests/support';
import { Shell } from './shell.ts';

/** The blocks of docs/walkthrough.md by name: commands, and what they printed. */
export type Blocks = ReadonlyMap<string, string>;

const LIST = `find . \\( -type d -empty -o ! -type d \\)`;

/** Goes through the life of one pod and writes down what there is to see. Leaves nothing behind. */
export async function takeTour(): Promise<Blocks> {
  await using home = openHome();
  using key = makeKey('Walkthrough <walkthrough@example.com>');
  const shell = new Shell({ W: home.path, PORT: String(await freePort()) });
  const blocks = new Map<string, string>();
  const show = async (name: string, ...commands: string[]): Promise<void> => {
    blocks.set(name, shorten(await shell.show(...commands), home));
  };
  makeImages(home, key);
  await beforeRun(show);
  const pod = startPod(home, shell);
  await shell.output('for i in $(seq 200); do test -s $W/uuid && break; sleep 0.1; done');
  shell.set('UUID', await shell.output('cat $W/uuid'));
  await shell.output('rkt status --wait-ready=20s $UUID');
  for (const [name, command] of Object.entries(PIDS)) shell.set(name, await shell.output(command));
  await whileRunning(show, shell);
  await afterStop(show, pod, blocks);
  return blocks;
}

type Show = (name: string, ...commands: string[]) => Promise<void>;

const PIDS = {
  PID: 'cat $W/data/pods/run/$UUID/ppid',
  INIT: 'cat $W/data/pods/run/$UUID/pid',
  WEB: 'cat $W/data/pods/run/$UUID/stage1/oci/web/pid',
  LOG: 'cat $W/data/pods/run/$UUID/stage1/oci/log/pid',
};

function makeImages(home: Home, key: ReturnType<typeof makeKey>): void {
  const environment = [{ name: 'PATH', value: '/bin' }];
  const serve = 'mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8080 -h /www';
  const ports = [{ name: 'http', protocol: 'tcp', port: 8080 }];
  const app = (text: string) => ({ exec: ['/bin/sh', '-c', text], environment });
  key.sign(makeBusyboxAci(home.file('web.aci'), { name: 'example.com/web', app: { ...app(serve), ports } }));
  key.sign(makeBusyboxAci(home.file('log.aci'), { name: 'example.com/log', app: app('echo log is up; exec sleep 600') }));
  copyFileSync(key.publicKeyFile, home.file('key.asc'));
  mkdirSync(home.file('bin'));
  writeFileSync(home.file('bin/rkt'), `#!/bin/sh\nexec ${rktProgram()} ${home.flags.join(' ')} "$@"\n`);
  chmodSync(home.file('bin/rkt'), 0o755);
}

async function beforeRun(show: Show): Promise<void> {
  await show('refused', 'rkt fetch $W/web.aci');
  await show('trust', 'rkt trust --skip-fingerprint-review --prefix=example.com $W/key.asc', 'cd $W/local && find . -type f');
  await show('fetch', 'rkt fetch $W/web.aci $W/log.aci');
  await show('files-fetched', 'cd $W/data && find . ! -type d | sort');
}

function startPod(home: Home, shell: Shell): ChildProcess {
  const command = 'exec rkt run --uuid-file-save=$W/uuid --port=http:$PORT example.com/web example.com/log >$W/output 2>&1';
  return spawn('sh', ['-c', command], { env: shell.environment(), stdio: 'ignore', cwd: home.path });
}

async function whileRunning(show: Show, shell: Shell): Promise<void> {
  await show('output', 'cat $W/output');
  await show('status', 'rkt list', 'rkt status $UUID');
  await show('files-store', `cd $W/data && find cas/db cas/tree cas/treestorelocks locks stage1-oci -path '*/rootfs/*' -prune -o ! -type d -print -o -name rootfs -print | sort`);
  await shell.output(`cd $W/data/pods/run/$UUID && ${LIST} -printf '%P\\n' | sort >$W/during`);
  await show('files-pod', `cd $W/data/pods/run/$UUID && ${LIST} -printf '%P %l\\n' | sort`);
  await show('processes', 'ps -o pid,ppid,rss,comm -p $PID,$INIT,$WEB,$LOG', "tr '\\0' '\\n' </proc/$PID/cmdline");
  await show('namespaces', 'for p in self $PID $INIT $WEB $LOG; do echo $p: $(for n in mnt pid ipc uts net cgroup user; do readlink /proc/$p/ns/$n; done); done');
  await show('mounts-host', 'grep -c $W /proc/self/mountinfo', 'grep $UUID /proc/self/mountinfo');
  await show('mounts-supervisor', "grep $W /proc/$PID/mountinfo | cut -d' ' -f5- | cut -c1-200");
  await show('mounts-app', 'findmnt -N $WEB -l -n -o TARGET,FSTYPE,VFS-OPTIONS');
  await show('cgroups', "grep -e memory -e '^0::' /proc/$WEB/cgroup");
  await show('network', 'cd $W/data/pods/run/$UUID && cat netns net-info.json', 'rkt enter --app=web $UUID /bin/ip addr show eth0', 'rkt enter --app=log $UUID /bin/wget -q -O - http://127.0.0.1:8080/', 'busybox wget -q -O - http://127.0.0.1:$PORT/');
  await show('rules', "iptables-save -t nat 2>/dev/null | grep -e $UUID -e $(echo $UUID | cut -c1-13)");
}

async function afterStop(show: Show, pod: ChildProcess, blocks: Map<string, string>): Promise<void> {
  const ended = pod.exitCode === null ? once(pod, 'exit') : undefined;
  await show('stop', 'rkt stop $UUID', 'rkt status --wait=20s $UUID');
  await ended;
  blocks.set('exit', `$ echo $?   # of rkt run\n${pod.exitCode}`);
  await show('files-ended', `cd $W/data/pods/run/$UUID && ${LIST} -printf '%P\\n' | sort | diff $W/during -`);
  await show('held', ...HELD);
  await show('gc', 'rkt gc', 'rkt list', 'rkt gc --grace-period=0s', 'rkt list', 'cd $W/data && find pods -mindepth 2', ...HELD);
  await show('image-gc', 'rkt image gc --grace-period=0s', 'cd $W/data && find . ! -type d | sort');
}

/** What of the host a pod holds: namespace, rules, address, interface, cgroups. */
const HELD = [
  'ls /run/netns | grep $UUID',
  'iptables-save -t nat 2>/dev/null | grep -c -e $UUID -e $(echo $UUID | cut -c1-13)',
  'grep -l $UUID /var/lib/cni/networks/default/*',
  "find /sys/fs/cgroup -name 'machine-rkt*' | grep -c $(echo $UUID | cut -c25-)",
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The directory is `$W`, and of a hash the first digits are enough. */
function shorten(text: string, { path }: Home): string {
  // Where this rkt is installed is no part of the story.
  return text.replaceAll(/file%3A[^ \n]*%2Fstage1-oci/g, 'file%3A…%2Fstage1-oci').replaceAll(path, '$W').replaceAll(/\b([0-9a-f]{12})[0-9a-f]{28,}/g, '$1…');
}
