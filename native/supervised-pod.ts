/**
 * Pods for the supervisor's tests: the real program, a real OCI runtime, busybox as every app.
 *
 * Environment: `RKT_SUPERVISOR` names another build of the supervisor, `RKT_TEST_RUNTIME` another runtime.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const here = import.meta.dirname;
export const supervisorPath = process.env['RKT_SUPERVISOR'] ?? join(here, 'build/supervisor');
export const runtimePath = process.env['RKT_TEST_RUNTIME'] ?? '/usr/bin/crun';
const busybox = '/bin/busybox';

/**
 * Why no pod can be run here, if so. Debian's crun 1.8.1 refuses hybrid cgroups, therefore the unified
 * hierarchy is covered in the mount namespace of each pod.
 */
export const skip: string | false =
  process.getuid?.() !== 0
    ? 'needs root'
    : ([supervisorPath, runtimePath, busybox].find((path) => !fs.existsSync(path))?.concat(' is missing') ?? false);

const enterPod = `
umount -l /sys/fs/cgroup/unified 2>/dev/null
cd "$1" || exit 99
shift
for config in */config.json.in; do [ -e "$config" ] && sed "s/@PID@/$$/g" "$config" >"\${config%.in}"; done
echo $$ >supervisor.pid
exec 9<.
flock 9
exec "$@"`;

/** As descriptor 8 a user namespace whose ids from 0 are those from the first argument. */
const enterUsers = `
fifo=$(mktemp -u) && mkfifo "$fifo"
unshare --user sh -c 'echo; exec sleep 60' >"$fifo" & holder=$!
read _ <"$fifo"; rm "$fifo"
for kind in uid gid; do echo "0 $1 65536" >/proc/$holder/\${kind}_map; done
exec 8</proc/$holder/ns/user
kill $holder; wait $holder
shift; exec "$@"`;

export interface AppSpec {
  readonly name: string;
  /** For the shell inside the app. */
  readonly script: string;
  readonly flags?: readonly string[];
  /** For the shell inside the app, to see whether it is well. */
  readonly probe?: string;
  readonly terminal?: boolean;
  readonly user?: number;
  /** The runtime finds no config.json. */
  readonly broken?: boolean;
}

export interface PodSpec {
  readonly apps: readonly AppSpec[];
  /** Apps that may be started by messages; the pod then is one whose apps come and go. */
  readonly later?: readonly AppSpec[];
  readonly graceMs?: number;
  readonly runtime?: string;
  /** A terminal by script(1), and what its shell does once the supervisor has ended. */
  readonly terminal?: { readonly before?: string; readonly after?: string };
  /** Shell words put before the supervisor: `nohup`. */
  readonly prefix?: readonly string[];
  readonly stdin?: 'pipe' | 'ignore';
  readonly withoutNetwork?: boolean;
  /** Arguments that are about no app. */
  readonly flags?: readonly string[];
  /** The path of a network namespace for init; with `withoutNetwork`. */
  readonly joinNet?: string;
  /** A user namespace whose ids from 0 are these of the host. */
  readonly users?: number;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Waits for a truthy value. @throws after `ms` milliseconds, naming what did not come */
export async function until<T>(what: string, get: () => T | undefined | false, ms = 15_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = get();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export class SupervisedPod {
  readonly dir: string;
  readonly ended: Promise<Ending>;
  readonly child: ChildProcess;
  #ending: Ending | undefined;
  stdout = '';
  stderr = '';

  constructor(dir: string, child: ChildProcess) {
    this.dir = dir;
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) =>
      child.on('close', (code, signal) => resolve((this.#ending = { code, signal }))),
    );
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  read(name: string): string | undefined {
    try {
      return fs.readFileSync(this.path(name), 'utf8');
    } catch {
      return undefined;
    }
  }

  status(app: string): string | undefined {
    return this.read(`status/${app}`);
  }

  /** The supervisor's process. */
  get pid(): number {
    return Number(this.read('supervisor.pid'));
  }

  /** The process of the pod's init, as the host counts. */
  get init(): number {
    return Number(this.read('pid'));
  }

  appPid(app: string): number {
    return Number(this.read(`${app}/pid`));
  }

  /** What the ready link says. */
  get announced(): string | undefined {
    return fs.lstatSync(this.path('ready'), { throwIfNoEntry: false }) && fs.readlinkSync(this.path('ready'));
  }

  get isReady(): boolean {
    return this.announced === 'ready';
  }

  async untilOutput(text: string): Promise<void> {
    await until(`${JSON.stringify(text)} in ${this.dir}`, () => {
      if (this.stdout.includes(text)) return true;
      if (this.#ending) throw new Error(`ended without ${text}: ${this.stdout}${this.stderr}`);
      return false;
    });
  }

  kill(signal: NodeJS.Signals | number): void {
    process.kill(this.pid, signal);
  }

  /** Whether anybody holds the pod's lock. */
  get isLocked(): boolean {
    return spawnSync('flock', ['-n', this.dir, 'true']).status !== 0;
  }
}

/** Processes alive in the pid namespace of `pid`. Taken before it ends, asked as often as needed. */
export function namespaceMembers(pid: number): () => number[] {
  const link = (of: string): string | undefined => {
    try {
      return fs.readlinkSync(`/proc/${of}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const wanted = link(String(pid));
  return () =>
    fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && link(name) === wanted && !isZombie(name))
      .map(Number);
}

function isZombie(pid: string): boolean {
  try {
    return /^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

/** Starts a pod and returns at once. It is ended and removed after the test. */
export function startPod(t: TestContext, spec: PodSpec): SupervisedPod {
  const dir = fs.mkdtempSync(join(tmpdir(), 'rkt-supervisor-'));
  const id = randomBytes(4).toString('hex');
  for (const directory of ['status', 'init', 'rootfs/bin', 'rootfs/proc', 'rootfs/dev'])
    fs.mkdirSync(join(dir, directory), { recursive: true });
  fs.copyFileSync(busybox, join(dir, 'rootfs/bin/busybox'));
  for (const app of [...spec.apps, ...(spec.later ?? [])]) writeBundle(dir, id, app, spec);
  if (spec.users !== undefined) fs.chmodSync(dir, 0o711);
  const prefix = spec.users === undefined ? (spec.prefix ?? []) : ['sh', '-c', enterUsers, 'sh', String(spec.users)];
  const argv = ['-m', 'sh', '-c', enterPod, 'sh', dir, ...prefix, supervisorPath, ...podArguments(dir, spec)];
  const pod = new SupervisedPod(dir, spawnPod(argv, spec));
  t.after(() => removePod(pod, id));
  return pod;
}

/** Runs a pod to its end. */
export async function runPod(t: TestContext, spec: PodSpec): Promise<SupervisedPod & { ending: Ending }> {
  const pod = startPod(t, spec);
  return Object.assign(pod, { ending: await pod.ended });
}

function spawnPod(argv: readonly string[], spec: PodSpec): ChildProcess {
  const stdio = [spec.stdin ?? 'ignore', 'pipe', 'pipe'] as const;
  if (!spec.terminal) return spawn('unshare', argv, { stdio: [...stdio] });
  const quoted = ['unshare', ...argv].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const { before = ':', after = 'exit $code' } = spec.terminal;
  return spawn('script', ['-qec', `${before}; ${quoted}; code=$?; ${after}`, '/dev/null'], { stdio: [...stdio] });
}

function podArguments(dir: string, spec: PodSpec): string[] {
  const network = !spec.withoutNetwork;
  const users = spec.users !== undefined;
  return [
    '--uuid=0e5f2a1c-0000-4000-8000-000000000000',
    '--lock-fd=9',
    `--runtime=${spec.runtime ?? runtimePath}`,
    `--runtime-arg=--root=${dir}/state`,
    '--status-dir=status',
    '--ready-link=ready',
    '--pid-file=pid',
    `--unshare=pid,ipc,uts${network ? ',net' : ''}`,
    ...['pid:100', 'ipc:101', 'uts:102', ...(network ? ['net:103'] : []), ...(users ? ['user:104'] : [])].map((word) => `--ns-fd=${word}`),
    ...(users ? ['--userns-fd=8'] : []),
    ...(spec.joinNet === undefined ? [] : [`--join-net=${spec.joinNet}`]),
    '--hostname=rkt-test',
    '--init-root=init',
    `--grace-ms=${spec.graceMs ?? 10_000}`,
    ...(spec.later === undefined ? [] : ['--control=control']),
    ...(spec.flags ?? []),
    ...spec.apps.flatMap((app) => [`--app=${app.name}`, `--bundle=${app.name}`, ...probeArguments(app), ...(app.flags ?? [])]),
  ];
}

function probeArguments({ name, probe }: AppSpec): string[] {
  return probe === undefined ? [] : [`--health-exec=${name}/health.json`];
}

function writeBundle(dir: string, id: string, app: AppSpec, spec: PodSpec): void {
  fs.mkdirSync(join(dir, app.name));
  if (app.broken) return;
  const config = ociConfig(dir, id, app, spec);
  fs.writeFileSync(join(dir, app.name, 'config.json.in'), JSON.stringify(config));
  if (app.probe === undefined) return;
  fs.writeFileSync(join(dir, app.name, 'health.json'), JSON.stringify({ ...config.process, args: shellArguments(app.probe) }));
}

function shellArguments(script: string): string[] {
  return ['/bin/busybox', 'sh', '-c', `alias sh='busybox sh'; ${busyboxAliases}\n${script}`];
}

function ociConfig(dir: string, id: string, app: AppSpec, spec: PodSpec) {
  const capabilities = ['CAP_KILL', 'CAP_SYS_PTRACE'];
  const shared = { pid: 100, ipc: 101, uts: 102, ...(spec.withoutNetwork ? {} : { network: 103 }), ...(spec.users === undefined ? {} : { user: 104 }) };
  const map = [{ containerID: 0, hostID: spec.users, size: 65536 }];
  return {
    ociVersion: '1.0.0',
    process: {
      terminal: app.terminal ?? false,
      user: { uid: app.user ?? 0, gid: app.user ?? 0 },
      args: shellArguments(app.script),
      env: ['PATH=/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: join(dir, 'rootfs') },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
    ],
    linux: {
      cgroupsPath: `/${cgroupOf(id, app.name)}`,
      ...(spec.users !== undefined && runtimePath.endsWith('runc') ? { uidMappings: map, gidMappings: map } : {}),
      namespaces: [
        { type: 'mount' },
        ...Object.entries(shared).map(([type, fd]) => ({ type, path: `/proc/@PID@/fd/${fd}` })),
      ],
    },
  };
}

function cgroupOf(id: string, app: string): string {
  return `rkt-test-${id}-${app}`;
}

const busyboxAliases = ['sleep', 'cat', 'hostname', 'ip', 'ps', 'stty', 'readlink', 'ls', 'head', 'grep', 'wc', 'tr', 'seq']
  .map((name) => `alias ${name}='busybox ${name}'`)
  .join('; ');

async function removePod(pod: SupervisedPod, id: string): Promise<void> {
  await endPod(pod);
  const remove = 'umount -l /sys/fs/cgroup/unified 2>/dev/null; cd "$2" && for container in *; do "$1" --root "$2" delete -f "$container"; done';
  spawnSync('unshare', ['-m', 'sh', '-c', remove, 'sh', runtimePath, pod.path('state')]);
  fs.rmSync(pod.dir, { recursive: true, force: true });
  const left = spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', cgroupOf(id, '*')], { encoding: 'utf8' }).stdout;
  if (left !== '') throw new Error(`left of a pod:\n${left}`);
}

/** The supervisor still is our descendant as long as its starter has not ended: its pid is its own. */
async function endPod(pod: SupervisedPod): Promise<void> {
  if (pod.child.exitCode !== null || pod.child.signalCode !== null) return;
  try {
    if (pod.pid > 0) pod.kill('SIGKILL');
  } catch {
    // it ended meanwhile
  }
  await Promise.race([pod.ended, new Promise((resolve) => setTimeout(resolve, 3000).unref())]);
  if (pod.child.exitCode === null) pod.child.kill('SIGKILL');
}
