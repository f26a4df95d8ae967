import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAci } from '../write-aci.ts';
import { root } from './root.ts';

/** What record.ts is asked to do. */
export interface Recording {
  /** The bundled program. */
  readonly program: string;
  /** An executable of it, with its stage1 image beside it. */
  readonly executable: string;
  readonly output: string;
  /** Command lines to be run by the executable beforehand; how they end does not matter. */
  readonly prepare: readonly (readonly string[])[];
  /** Command lines to be recorded. */
  readonly commands: readonly (readonly string[])[];
}

const TIMEOUT_MS = 120_000;
const IMAGE_NAME = 'example.com/program';

/** Network namespaces, addresses and mounts that pods get meanwhile are gone with the last process. */
const APART = [
  'unshare', '--net', '--mount', 'sh', '-c',
  'mkdir -p /run/netns /var/lib/cni && mount -t tmpfs none /run/netns && mount -t tmpfs none /var/lib/cni && ip link set lo up && exec "$@"',
  'apart',
];

/**
 * The code V8 compiles for the commands that have to start fast: the path of a file below `work`.
 *
 * The commands are really run, in a data directory below `work`. Pods can only be run by root; without, the
 * code for them is compiled at every start, which costs each about 12 ms.
 */
export function compileCode(program: string, executable: string, work: string): string {
  const output = join(work, 'code');
  const pods = process.getuid?.() === 0;
  const { prepare, commands } = planCommands(work, pods);
  const recording: Recording = { program, executable, output, prepare, commands };
  const record = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'scripts/build/record.ts'), JSON.stringify(recording)];
  const [command = '', ...args] = pods ? [...APART, ...record] : record;
  execFileSync(command, args, { stdio: 'ignore', timeout: TIMEOUT_MS });
  return output;
}

function planCommands(work: string, pods: boolean): Pick<Recording, 'prepare' | 'commands'> {
  const flags = ['dir', 'local-config', 'system-config', 'user-config'].map((name) => {
    mkdirSync(join(work, name));
    return `--${name}=${join(work, name)}`;
  });
  const rkt = (...args: string[]): string[] => [...flags, '--insecure-options=image', ...args];
  const image = writeImage(work);
  const run = (net: string, name: string): string[] => rkt('run', `--net=${net}`, name, '--exec=/program');
  if (!pods) return { prepare: [], commands: [['version'], rkt('list')] };
  return {
    prepare: [rkt('fetch', image.path), run('none', image.id), run('default', image.id)],
    // Those that become another process come last: they leave this one's signals and limits changed.
    commands: [
      ['version'],
      rkt('list'),
      rkt('image', 'list'),
      rkt('gc', '--grace-period=0s'),
      run('default', IMAGE_NAME),
      run('none', image.id),
    ],
  };
}

/** An image of one program, whatever it does. */
function writeImage(work: string): { path: string; id: string } {
  const path = join(work, 'image.aci');
  mkdirSync(join(work, 'rootfs'), { mode: 0o755 });
  copyFileSync(join(root, 'native/build/supervisor'), join(work, 'rootfs/program'));
  const manifest = {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name: IMAGE_NAME,
    labels: [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }],
    app: { exec: ['/program'], user: '0', group: '0' },
  };
  writeAci(path, manifest, join(work, 'rootfs'));
  return { path, id: `sha512-${createHash('sha512').update(readFileSync(path)).digest('hex').slice(0, 64)}` };
}
