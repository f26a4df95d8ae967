import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { SeccompFilter } from '#security';
import { readTextIfExists, startProgram, writeFileAtomic } from '#sys';
import type { OciConfig } from './config-types.ts';
import type { Runtime } from './runtime.ts';

/** With this annotation crun takes a compiled filter; compiling takes it longer than all else it does. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';
const PROBE = 'seccomp';
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
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
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

/** Creates a container that never starts, and takes the filter out of the runtime's state. */
async function compile(
  filter: SeccompFilter,
  runtime: Runtime,
  cacheDir: string,
  keep: (program: string) => void,
): Promise<string | undefined> {
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(`${cacheDir}/compile-`);
  const run = (...args: string[]): Promise<number> => runQuietly(runtime.path, [`--root=${scratch}/state`, '--cgroup-manager=disabled', ...args]);
  try {
    writeProbe(scratch, filter);
    if ((await run('create', `--bundle=${scratch}`, PROBE)) !== 0) return undefined;
    const program = readFileSync(`${scratch}/state/${PROBE}/seccomp.bpf`).toString('base64');
    keep(program);
    return program;
  } catch {
    return undefined;
  } finally {
    await run('delete', '--force', PROBE);
    rmSync(scratch, { recursive: true, force: true });
  }
}

function writeProbe(bundle: string, seccomp: SeccompFilter): void {
  mkdirSync(`${bundle}/rootfs/dev`, { recursive: true });
  writeFileSync(`${bundle}/rootfs/probe`, '#!/probe\n', { mode: 0o755 });
  const config = {
    ociVersion: '1.0.2',
    root: { path: 'rootfs' },
    process: { user: { uid: 0, gid: 0 }, args: ['/probe'], cwd: '/', env: [] },
    mounts: [{ destination: '/dev', type: 'tmpfs', source: 'tmpfs' }],
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], seccomp },
  };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
}

/** No pipes: the container would hold them open. */
async function runQuietly(path: string, args: readonly string[]): Promise<number> {
  const child = startProgram(path, args, { stdio: 'ignore', timeout: TIMEOUT_MS });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
}
