import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { SeccompFilter } from '#security';
import { findProgram, listDirectory, type Lock, lockPath, readTextIfExists, startProgram, unlessMissing, writeFileAtomic } from '#sys';
import type { OciConfig } from './config-types.ts';
import type { Runtime } from './runtime.ts';

/** With this annotation crun takes a compiled filter; compiling takes it longer than all else it does. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';
const PROBE = 'seccomp';
const SCRATCH = 'compile-';
const COPY = 'seccomp.bpf';
const TIMEOUT_MS = 10_000;

/**
 * The configuration with its system call filter compiled, if the runtime takes one so.
 *
 * Filters are compiled once, by the runtime itself, and kept in `cacheDir`, which only root can write. A
 * filter is found again only under the same runtime and kernel. Where anything fails the configuration is
 * returned as it was: the runtime then compiles the filter it describes.
 */
export async function withCompiledSeccomp(config: OciConfig, runtime: Runtime, cacheDir: string): Promise<OciConfig> {
  const filter = config.linux.seccomp;
  if (filter === undefined || runtime.kind !== 'crun') return config;
  const key = cacheKey(filter, runtime);
  const file = `${cacheDir}/${fileName(key)}`;
  const program = readProgram(file, key) ?? (await compile(filter, runtime, cacheDir, (text) => writeProgram(file, key, text)));
  return program === undefined ? config : { ...config, annotations: { ...config.annotations, [ANNOTATION]: program } };
}

/** One line that says exactly what was compiled by what. */
function cacheKey(filter: SeccompFilter, runtime: Runtime): string {
  const { size, mtimeMs } = statSync(runtime.path);
  const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  return JSON.stringify({ runtime: runtime.path, size, mtimeMs, kernel, filter });
}

/** Short and not secret: the key itself is in the file, so two keys of one name only replace each other. */
function fileName(key: string): string {
  let hash = 0x811c9dc5;
  const bytes = new TextEncoder().encode(key);
  // Word by word: byte by byte it took longer than all else that is done with a filter. A key ends in brackets.
  for (const word of new Uint32Array(bytes.buffer, 0, bytes.length >> 2)) hash = Math.imul(hash ^ word, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The file: the key, a line feed, the program in base64. */
function readProgram(file: string, key: string): string | undefined {
  const text = readTextIfExists(file);
  return text?.startsWith(`${key}\n`) === true ? text.slice(key.length + 1) : undefined;
}

function writeProgram(file: string, key: string, program: string): void {
  writeFileAtomic(file, `${key}\n${program}`, { mode: 0o600 });
}

/** Lets the runtime run a container that cannot start, and takes the filter out of its state meanwhile. */
async function compile(
  filter: SeccompFilter,
  runtime: Runtime,
  cacheDir: string,
  keep: (program: string) => void,
): Promise<string | undefined> {
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  removeLeftovers(cacheDir);
  const scratch = mkdtempSync(`${cacheDir}/${SCRATCH}`);
  try {
    using lock = lockPath(scratch, 'directory', 'exclusive');
    if (lock === undefined) return undefined;
    writeProbe(scratch, filter);
    await runQuietly(runtime.path, [`--root=${scratch}/state`, '--cgroup-manager=disabled', 'run', `--bundle=${scratch}`, PROBE], lock);
    const program = readFileSync(`${scratch}/${COPY}`).toString('base64');
    keep(program);
    return program;
  } catch {
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Removes what killed processes left in the middle of compiling. The runtime and its container inherit the
 * lock, so a directory that is not locked has nobody in it.
 */
export function removeLeftovers(cacheDir: string): void {
  for (const name of listDirectory(cacheDir)) {
    if (!name.startsWith(SCRATCH)) continue;
    const path = `${cacheDir}/${name}`;
    using lock = unlessMissing(() => lockPath(path, 'directory', 'exclusive'));
    if (lock !== undefined) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * The program is its own interpreter, so execve(2) refuses it, and the container ends by itself even when
 * nobody waits for it. The hook comes before the runtime deletes its state.
 */
function writeProbe(bundle: string, seccomp: SeccompFilter): void {
  mkdirSync(`${bundle}/rootfs/dev`, { recursive: true });
  writeFileSync(`${bundle}/rootfs/probe`, '#!/probe\n', { mode: 0o755 });
  const cp = findProgram('cp');
  const config = {
    ociVersion: '1.0.2',
    root: { path: 'rootfs' },
    process: { user: { uid: 0, gid: 0 }, args: ['/probe'], cwd: '/', env: [] },
    mounts: [{ destination: '/dev', type: 'tmpfs', source: 'tmpfs' }],
    hooks: { poststart: [{ path: cp, args: ['cp', `${bundle}/state/${PROBE}/seccomp.bpf`, `${bundle}/${COPY}`] }] },
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], seccomp },
  };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
}

/** No pipes: the container would hold them open. */
async function runQuietly(path: string, args: readonly string[], lock: Lock): Promise<void> {
  await once(startProgram(path, args, { stdio: ['ignore', 'ignore', 'ignore', lock.fd], timeout: TIMEOUT_MS }), 'exit');
}
