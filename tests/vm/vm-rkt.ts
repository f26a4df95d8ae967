import { rktProgram } from '#tests/support';
import type { VmResult } from './agent.ts';
import type { Vm } from './vm.ts';

/** The rkt under test in a machine, with a data directory on the machine's disk, `/data/rkt`. */
export interface VmRkt {
  /** The words of a command line of it. */
  words(args: readonly string[]): string[];
  /** Runs rkt to its end. Throws unless it ends with `status`, 0 if not given. */
  run(args: readonly string[], status?: number): Promise<VmResult>;
  /** Writes a pod manifest of these apps, and more of it, as a file of the machine, and gives the flag that names it. */
  manifest(apps: readonly object[], more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Starts `rkt run ARGS`, or another command that is the pod, waits until the pod is ready and gives its UUID. */
  start(args: readonly string[], command?: readonly string[]): Promise<string>;
}

/** Milliseconds, on an emulated processor. */
const TIMEOUT = 180_000;

export async function openVmRkt(vm: Vm): Promise<VmRkt> {
  await vm.run('mkdir /data && mount /dev/vda /data && mkdir /data/rkt /data/local /data/system');
  const flags = ['--dir=/data/rkt', '--local-config=/data/local', '--system-config=/data/system', '--insecure-options=image'];
  const words: VmRkt['words'] = (args) => [rktProgram(), ...flags, ...args];
  const command = (args: readonly string[]): string => words(args).map(quoted).join(' ');
  let started = 0;
  let manifests = 0;
  const run: VmRkt['run'] = async (args, status = 0) => {
    const result = await vm.run(command(args), { status: 'any', timeout: TIMEOUT });
    if (result.status === status) return result;
    throw new Error(`rkt ${args.join(' ')}: exit status ${result.status}, not ${status}\n${result.stdout}${result.stderr}`);
  };
  return {
    words,
    run,
    async manifest(apps, more = {}) {
      const file = `/data/pod-${manifests++}.json`;
      const manifest = { acVersion: '0.8.11', acKind: 'PodManifest', apps, volumes: null, isolators: null, annotations: null, ports: [], ...more };
      await vm.run(`printf %s ${quoted(JSON.stringify(manifest))} >${file}`);
      return `--pod-manifest=${file}`;
    },
    async start(args, verb = ['run']) {
      const file = `/data/started-${started++}`;
      await vm.run(`setsid ${command([...verb, `--uuid-file-save=${file}`, ...args])} >${file}.log 2>&1 </dev/null &`);
      const { stdout: uuid } = await vm.run(`until [ -s ${file} ]; do sleep 0.2; done; cat ${file}`, { timeout: TIMEOUT });
      await run(['status', '--wait-ready=120s', uuid]);
      return uuid;
    },
  };
}

/** A word as a shell takes it literally. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
