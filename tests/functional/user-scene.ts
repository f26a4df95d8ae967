import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLeaks, makeBusyboxAci, makeKey, type NetHost, rktProgram, run, type RunResult, type SigningKey } from '#tests/support';

/** A user of the host who is not root, with ids to give to pods, and an rkt of this user's. */
export interface UserScene extends AsyncDisposable {
  readonly uid: number;
  /** The first of the user's further ids. */
  readonly shift: number;
  readonly home: string;
  readonly dataDir: string;
  /** An unsigned image, and its copy signed by `key`. */
  readonly aci: string;
  readonly key: SigningKey;
  file(name: string): string;
  /** Gives a file in the home to the user. */
  own(name: string): void;
  /** Runs a program as the user, in mounts that show the host with this user on it. */
  as(program: string, ...args: readonly string[]): Promise<RunResult>;
  /** Throws unless it exits with `status`. */
  rkt(args: readonly string[], status?: number): Promise<RunResult>;
  /** Without signatures. */
  insecure(args: readonly string[], status?: number): Promise<RunResult>;
  /** Starts `rkt run ARGS` and waits until the pod is ready. */
  start(...args: readonly string[]): Promise<UserPod>;
  /** The same for another command that becomes a pod. */
  startAs(command: readonly string[], ...args: readonly string[]): Promise<UserPod>;
}

export interface UserPod {
  readonly uuid: string;
  /** Of rkt, and so of the supervisor. */
  readonly pid: number;
  readonly ended: Promise<number | null>;
}

export interface UserSceneOptions {
  /** Further ids; 65536 unless given. */
  readonly ids?: number;
  /** The machine whose network the user has. */
  readonly host?: NetHost;
  /** runc: as on a machine without crun. */
  readonly runtime?: 'crun' | 'runc';
}

/** A uid that is nobody's, and the same in no two processes. */
const uidOf = (): number => 2_000_000 + process.pid;

/**
 * The user is in copies of /etc/passwd and its kin that are seen in the mounts of each program alone: the machine
 * itself is left as it is. /dev/net/tun is for everybody there, as systemd makes it.
 */
const ENTER = `
if [ "$3" = runc ]; then for file in /usr/bin/crun /usr/local/bin/crun; do [ ! -e $file ] || mount --bind /dev/null $file; done; fi
for file in passwd group subuid subgid; do mount --bind "$1/etc/$file" /etc/$file; done
if [ -e /dev/net/tun ]; then mount -t tmpfs none "$1/dev"; mknod -m 666 "$1/dev/tun" c 10 200; mount --bind "$1/dev/tun" /dev/net/tun; fi
home=$1 uid=$2; shift 3; cd "$home"
exec env -i HOME="$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin setpriv --reuid=$uid --regid=$uid --clear-groups -- "$@"`;

export async function openUserScene({ ids = 65_536, host, runtime = 'crun' }: UserSceneOptions = {}): Promise<UserScene> {
  const uid = uidOf();
  const shift = 0x5000_0000 + (process.pid % 4096) * 65_536;
  const home = mkdtempSync(join(tmpdir(), 'rkt-user-'));
  writeAccounts(home, uid, shift, ids);
  const key = makeKey();
  const file = (name: string): string => join(home, name);
  const aci = makeBusyboxAci(file('busybox.aci'));
  chownSync(home, uid, uid);
  const words = (args: readonly string[]): string[] => ['unshare', '--mount', '--propagation=private', 'sh', '-c', ENTER, 'sh', home, String(uid), runtime, ...args];
  const scene: UserScene = {
    uid,
    shift,
    home,
    dataDir: file('.local/share/rkt'),
    aci,
    key,
    file,
    own: (name) => chownSync(file(name), uid, uid),
    as(...args) {
      const [program, ...rest] = words(args) as [string, ...string[]];
      return host === undefined ? run(program, rest) : host.run([program, ...rest], { status: 'any' });
    },
    async rkt(args, status = 0) {
      const result = await scene.as(rktProgram(), ...args);
      if (result.status === status) return result;
      throw new Error(`rkt ${args.join(' ')}: exit status ${result.status}, not ${status}\n${result.output}`);
    },
    insecure: (args, status) => scene.rkt(['--insecure-options=image', ...args], status),
    start: (...args) => start(scene, words, host, ['run'], args),
    startAs: (command, ...args) => start(scene, words, host, command, args),
    async [Symbol.asyncDispose]() {
      await collect(scene);
      key[Symbol.dispose]();
      for (const deadline = Date.now() + 20_000; findLeaks(home).length > 0 && Date.now() < deadline; ) await sleep(200);
      const leaks = findLeaks(home);
      if (leaks.length > 0) throw new Error(`left behind by ${home}:\n  ${leaks.join('\n  ')}`);
      rmSync(home, { recursive: true });
    },
  };
  return scene;
}

function writeAccounts(home: string, uid: number, shift: number, ids: number): void {
  for (const directory of ['etc', 'dev']) mkdirSync(join(home, directory));
  const lines = { passwd: `ruser:x:${uid}:${uid}::${home}:/bin/sh`, group: `ruser:x:${uid}:`, subuid: `ruser:${shift}:${ids}`, subgid: `ruser:${shift}:${ids}` };
  for (const [name, line] of Object.entries(lines)) {
    const text = existsSync(`/etc/${name}`) ? readFileSync(`/etc/${name}`, 'utf8') : '';
    writeFileSync(join(home, 'etc', name), `${text}${line}\n`);
    chmodSync(join(home, 'etc', name), 0o644);
  }
}

async function start(scene: UserScene, words: (args: readonly string[]) => string[], host: NetHost | undefined, command: readonly string[], args: readonly string[]): Promise<UserPod> {
  const save = scene.file(`uuid-${process.hrtime.bigint()}`);
  const log = `${save}.log`;
  // rkt is told by the first to know the pid: unshare, sh, env and setpriv become it.
  const script = 'log=$1; shift; exec "$@" >"$log" 2>&1';
  const [program, ...rest] = ['sh', '-c', script, 'sh', log, ...words([rktProgram(), '--insecure-options=image', ...command, `--uuid-file-save=${save}`, ...args])];
  const child: ChildProcess = host === undefined ? spawn(program!, rest, { stdio: 'ignore' }) : host.start([program!, ...rest]);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const deadline = Date.now() + 60_000; !(existsSync(save) && readFileSync(save, 'utf8').length === 36); await sleep(20)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`rkt ended with ${child.exitCode}: ${readFileSync(log, 'utf8')}`);
  }
  const uuid = readFileSync(save, 'utf8');
  const ready = await scene.as(rktProgram(), 'status', '--wait-ready=60s', uuid);
  if (ready.status !== 0) throw new Error(`${ready.output}${readFileSync(log, 'utf8')}`);
  const pid = Number(readFileSync(join(scene.dataDir, 'pods/run', uuid, 'ppid'), 'utf8'));
  return { uuid, pid, ended };
}

/** Ends and removes what there is, as the user. */
async function collect(scene: UserScene): Promise<void> {
  if (!existsSync(scene.dataDir)) return;
  const { stdout } = await scene.as(rktProgram(), 'list', '--full', '--no-legend');
  const running = stdout.split('\n').filter((line) => line.includes('\trunning\t')).map((line) => line.split('\t')[0]!);
  if (running.length > 0) await scene.as(rktProgram(), 'stop', '--force', ...running);
  for (const uuid of running) await scene.as(rktProgram(), 'status', '--wait=20s', uuid);
  await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
}
