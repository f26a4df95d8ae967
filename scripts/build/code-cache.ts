import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAci } from '../write-aci.ts';
import { root } from './root.ts';

const TIMEOUT = 60_000;

/** In namespaces of its own, where network plugins keep their notes in files that go away too. */
const APART = ['unshare', '--mount', '--net', 'sh', '-c', 'for d in /run/netns /var/lib/cni; do mkdir -p $d && mount -t tmpfs none $d || exit 1; done; exec "$@"', 'apart'];

/**
 * Records what V8 compiles while the program does what it is mostly used for, so that later starts need
 * not compile it again (1 to 2 ms for `version`, 5 for `list`, more for `run`).
 *
 * As root it runs a pod up to the moment when the supervisor would take over, in mount and network
 * namespaces of its own, with which everything it made goes away. Others record the commands that read.
 *
 * @param recorder an executable whose main script is `recorder.cjs`, beside it the stage1 image
 */
export function recordCodeCache(recorder: string, work: string, path: string): void {
  const home = join(work, 'home');
  const flags = ['data', 'local', 'system', 'user'].map((name, index) => {
    mkdirSync(join(home, name), { recursive: true });
    return `--${['dir', 'local-config', 'system-config', 'user-config'][index]!}=${join(home, name)}`;
  });
  const reading = [['version'], ['list'], ['image', 'list'], ['status', 'none'], ['gc']].map((words) => [...flags, ...words]);
  if (process.getuid!() === 0) {
    try {
      return record(recorder, path, [...runs(recorder, home, flags), ...reading], APART);
    } catch (error) {
      console.error(`build: no pod could be recorded, starts of pods will be a little slower: ${String(error)}`);
    }
  }
  record(recorder, path, reading, []);
}

function record(recorder: string, path: string, commands: readonly string[][], prefix: readonly string[]): void {
  const [program = '', ...args] = [...prefix, recorder, '--record', path, JSON.stringify(commands)];
  execFileSync(program, args, { stdio: 'ignore', timeout: TIMEOUT });
}

/** Makes an image held and a pod prepared, and gives the command lines that run them. */
function runs(recorder: string, home: string, flags: readonly string[]): string[][] {
  const rootfs = join(home, 'image/rootfs');
  mkdirSync(join(rootfs, 'bin'), { recursive: true });
  copyFileSync(join(root, 'native/build/supervisor'), join(rootfs, 'bin/app'));
  writeAci(join(home, 'app.aci'), manifest(), rootfs);
  rmSync(join(home, 'image'), { recursive: true });
  const rkt = (...args: readonly string[]): string =>
    execFileSync(recorder, [...flags, '--insecure-options=image', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: TIMEOUT });
  const image = rkt('fetch', '--full', join(home, 'app.aci')).trim();
  const uuid = rkt('prepare', image).trim();
  return [
    // First, because the others leave signals as an app has them, and plugins are spoken to through pipes.
    [...flags, 'run', '--net=default', image],
    [...flags, 'run', '--net=none', image],
    [...flags, 'run', '--net=none', image, '--name=other', '--exec=/bin/app', '--', 'argument'],
    [...flags, 'run-prepared', '--net=none', uuid],
    [...flags, 'list', '--full'],
    [...flags, 'status', uuid],
    [...flags, 'gc', '--grace-period=0s'],
  ];
}

function manifest(): object {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64';
  const labels = [
    { name: 'os', value: 'linux' },
    { name: 'arch', value: arch },
  ];
  const app = { exec: ['/bin/app'], user: '0', group: '0' };
  return { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'localhost/recorded', labels, app };
}

/** The program as a function of `require`, in Latin-1 so that V8 keeps a byte a character. */
export function programSource(script: string): string {
  return `(function (require) {${readFileSync(script, 'latin1')}\n})`;
}
