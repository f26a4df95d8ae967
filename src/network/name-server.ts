import { chownSync, closeSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { findProgram, listDirectory, lookupUser, readTextIfExists, runProgram } from '#sys';
import { NetworkError } from './errors.ts';
import { CONFIG, DOMAIN, PID_FILE } from './name-records.ts';

/** Where distributions put it besides PATH. */
const PROGRAMS = ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns'];
const PORT = 53;
/** nobody of Debian and others, where there is no user rkt. */
const NOBODY = 65_534;
/** In every hierarchy of /sys/fs/cgroup: the server is no part of the service whose pod was the first. */
const CGROUP = 'machine.slice/rkt-names.scope';
const CGROUPS = '/sys/fs/cgroup';
/** Milliseconds in which it has to begin to listen, or to end. */
const PATIENCE = 5_000;

/**
 * Has the configuration take effect: starts the server, tells it to read again, or, where it lists no network, sees it
 * end. It is to listen at `required` afterwards.
 *
 * It is nobody's child, has no privilege but that of low ports, and writes nothing but its process id.
 *
 * @throws {NetworkError} `names-failed`
 */
export async function serveNames(listen: readonly string[], required: readonly string[]): Promise<void> {
  const found = runningServer();
  const pid = found !== undefined && signal(found, 'SIGHUP') ? found : undefined;
  if (listen.length === 0) return pid === undefined ? removeCgroups() : seeEnd(pid);
  if (pid === undefined) await start();
  for (const address of required) {
    if (await eventually(() => isListening(address))) continue;
    throw new NetworkError('names-failed', `aardvark-dns does not listen at ${address}, port ${PORT}`, {
      hint: 'it must be an address of the host, at which no other DNS server listens: see ss -lnup',
    });
  }
}

async function start(): Promise<void> {
  const program = findProgram('aardvark-dns') ?? PROGRAMS.find((path) => readable(path));
  const setpriv = findProgram('setpriv');
  if (program === undefined || setpriv === undefined) {
    const missing = program === undefined ? 'aardvark-dns' : 'setpriv';
    const hint = `a network with "dns_enabled" needs it; Debian has it in the package ${program === undefined ? 'aardvark-dns' : 'util-linux'}`;
    throw new NetworkError('names-failed', `${missing} is not installed`, { hint });
  }
  const { uid, gid } = lookupUser('rkt') ?? { uid: NOBODY, gid: NOBODY };
  closeSync(openSync(PID_FILE, 'w', 0o644));
  chownSync(PID_FILE, uid, gid);
  const caps = '-all,+net_bind_service';
  const less = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', `--inh-caps=${caps}`, `--ambient-caps=${caps}`, `--bounding-set=${caps}`, '--no-new-privs'];
  const args = [...less, program, '--config', CONFIG, '--port', String(PORT), '--filter-search-domain', `.${DOMAIN}`, 'run'];
  const { status, stderr } = await runProgram(setpriv, args, { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeout: PATIENCE });
  if (status !== 0) throw new NetworkError('names-failed', `aardvark-dns: exit status ${status}: ${stderr.trim()}`);
  const pid = runningServer();
  if (pid !== undefined) moveToCgroups(pid);
}

function readable(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** The file is the server's own, so it is believed only where it names a process that looks like the server. */
function runningServer(): number | undefined {
  const pid = Number(readTextIfExists(PID_FILE)?.trim() || Number.NaN);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return readTextIfExists(`/proc/${pid}/cmdline`)?.split('\0').includes(CONFIG) === true ? pid : undefined;
}

/** False where it has ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function seeEnd(pid: number): Promise<void> {
  if (!(await eventually(() => runningServer() !== pid))) signal(pid, 'SIGKILL');
  removeCgroups();
}

function hierarchies(): string[] {
  return [CGROUPS, ...listDirectory(CGROUPS).map((name) => `${CGROUPS}/${name}`)];
}

function moveToCgroups(pid: number): void {
  for (const root of hierarchies()) {
    if (!readable(`${root}/cgroup.procs`)) continue;
    try {
      mkdirSync(`${root}/${CGROUP}`, { recursive: true });
      writeFileSync(`${root}/${CGROUP}/cgroup.procs`, String(pid));
    } catch {
      // A hierarchy that takes no process without being set up, such as cpuset: it stays where it was there.
    }
  }
}

function removeCgroups(): void {
  for (const root of hierarchies()) {
    try {
      rmdirSync(`${root}/${CGROUP}`);
    } catch {
      // Not there, or the process is not quite gone: the next time.
    }
  }
}

/** By /proc/net: whether the server's user listens there. An answer costs less than asking a question of DNS. */
function isListening(address: string): boolean {
  const table = readFileSync(`/proc/self/net/${address.includes(':') ? 'udp6' : 'udp'}`, 'utf8');
  const wanted = `${hexOf(address)}:${PORT.toString(16).toUpperCase().padStart(4, '0')}`;
  const uid = String(lookupUser('rkt')?.uid ?? NOBODY);
  return table.split('\n').some((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[1] === wanted && fields[7] === uid;
  });
}

/** An address as /proc/net/udp and udp6 have it: words of 32 bits in the order of this machine's bytes. */
export function hexOf(address: string): string {
  const bytes = address.includes(':') ? sixteenBytes(address) : address.split('.').map(Number);
  const words = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.slice(at * 4, at * 4 + 4).reverse());
  return Buffer.from(words.flat()).toString('hex').toUpperCase();
}

function sixteenBytes(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const all = tail === undefined ? before : [...before, ...zeros, ...after];
  return all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

async function eventually(body: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + PATIENCE; ; ) {
    if (body()) return true;
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
