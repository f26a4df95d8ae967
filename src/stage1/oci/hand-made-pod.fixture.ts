/** For the tests of this flavor: pods made by hand of a static busybox, run and asked by child processes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunArgs } from '#stage1/abi';
import { findProgram } from '#sys';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SUPERVISOR_DIRECTORY = here('../../../native/build');
const CHILD = here('./hand-made-pod-child.fixture.ts');
const BUSYBOX = '/bin/busybox';
const APPLETS = ['sh', 'true', 'cat', 'id', 'sleep', 'mount', 'echo', 'hostname', 'env', 'grep', 'readlink', 'touch', 'ip', 'mknod', 'tty', 'unshare', 'ls'];
const TIMEOUT_MS = 30_000;

/** Why these tests cannot run here, or false. */
export function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'running a pod needs root';
  if (findProgram('crun') === undefined && findProgram('runc') === undefined) return 'neither crun nor runc is installed';
  if (!existsSync(join(SUPERVISOR_DIRECTORY, 'supervisor'))) return 'native/build/supervisor has not been built (make -C native)';
  return existsSync(BUSYBOX) ? false : `${BUSYBOX} is not installed`;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Data directory with one layer; everything goes with `dispose`. */
export class Workshop {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'rkt-stage1-oci-'));
  readonly layer = join(this.dataDir, 'layer');
  #pods: HandMadePod[] = [];

  constructor() {
    for (const directory of ['bin', 'etc', 'tmp']) mkdirSync(join(this.layer, directory), { recursive: true });
    copyFileSync(BUSYBOX, join(this.layer, 'bin/busybox'));
    for (const name of APPLETS) symlinkSync('busybox', join(this.layer, 'bin', name));
    writeFileSync(join(this.layer, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nuser1:x:1001:1001::/:/bin/sh\n');
    writeFileSync(join(this.layer, 'etc/group'), 'root:x:0:\ngroup1:x:1002:\n');
  }

  pod(apps: readonly object[], fields: object = {}): HandMadePod {
    const pod = new HandMadePod(this, apps, fields);
    this.#pods.push(pod);
    return pod;
  }

  dispose(): void {
    for (const pod of this.#pods) {
      pod.verb('stop', 'force');
      pod.verb('gc');
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export class HandMadePod {
  readonly uuid = crypto.randomUUID();
  readonly podDir: string;
  readonly #workshop: Workshop;

  /** An app's fields are those of the appc App; `runtime` holds those of the RuntimeApp. */
  constructor(workshop: Workshop, apps: readonly object[], fields: object) {
    this.#workshop = workshop;
    this.podDir = join(workshop.dataDir, 'pods/run', this.uuid);
    mkdirSync(this.podDir, { recursive: true });
    const described = apps.map((app, index) => {
      const { name = `app${index}`, runtime = {}, ...rest } = app as { name?: string; runtime?: object };
      const defaults = { exec: ['/bin/true'], user: '0', group: '0', environment: [{ name: 'PATH', value: '/bin' }] };
      return { name, image: { id: `sha512-${'0'.repeat(64)}` }, app: { ...defaults, ...rest }, ...runtime };
    });
    const manifest = { acVersion: '0.8.11', acKind: 'PodManifest', apps: described, volumes: null, isolators: null, annotations: null, ports: null, ...fields };
    writeFileSync(join(this.podDir, 'pod'), JSON.stringify(manifest));
  }

  /** Starts it in a process of its own; `net` is none unless `args` says so. */
  start(args: Partial<RunArgs> = {}, stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    return spawn(process.execPath, [...process.execArgv, CHILD, 'run', this.podDir, JSON.stringify(this.#context(args))], {
      stdio: [stdin, 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
  }

  async run(args: Partial<RunArgs> = {}, input?: string): Promise<Outcome> {
    const child = this.start(args, input === undefined ? 'ignore' : 'pipe');
    child.stdin?.end(input);
    return outcomeOf(child);
  }

  verb(verb: 'enter' | 'stop' | 'gc', ...words: string[]): Outcome {
    const argv = [...process.execArgv, CHILD, verb, this.podDir, JSON.stringify({ ...this.#context({}), words })];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** Waits until every app has been started. */
  async ready(): Promise<void> {
    for (const end = Date.now() + TIMEOUT_MS; Date.now() < end; ) {
      // The link leads to nothing: its being there is what tells.
      if (lstatSync(join(this.podDir, 'stage1/rootfs/rkt/supervisor-status'), { throwIfNoEntry: false }) !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the pod did not become ready');
  }

  /** The exit code of an app that has ended. */
  status(app: string): string {
    return readFileSync(join(this.podDir, 'stage1/rootfs/rkt/status', app), 'utf8').trim();
  }

  /** Of an app's process, as the host sees it. */
  processStatus(app: string): string {
    const pid = readFileSync(join(this.podDir, 'stage1/oci', app, 'pid'), 'utf8').trim();
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  }

  #context(args: Partial<RunArgs>): object {
    const runArgs: RunArgs = {
      ...{ uuid: this.uuid, debug: false, net: 'none', interactive: false, localConfig: '/etc/rkt', privateUsers: '', hostname: '' },
      ...{ disableCapabilitiesRestriction: false, disablePaths: false, disableSeccomp: false, mutable: false, ipc: 'auto' },
      dnsConfMode: { resolv: 'default', hosts: 'default' },
      ...args,
    };
    return { stage1Root: SUPERVISOR_DIRECTORY, layer: this.#workshop.layer, runArgs };
  }
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...output };
}
