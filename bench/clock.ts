import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Command } from './engine.ts';

export interface Sample {
  /** Milliseconds. */
  readonly wall: number;
  /** CPU milliseconds of the whole machine, so that daemons count. */
  readonly cpu: number;
  /** Peak resident memory of the command itself, MB. */
  readonly rss: number;
}

const TICK_MS = 10;
const TIMEOUT = 300_000;

/** Runs a command to its end and measures it. @throws where it fails, with what it said */
export async function measure(command: Command): Promise<Sample> {
  const before = machineCpu();
  const started = performance.now();
  const rss = await execute(command);
  return { wall: performance.now() - started, cpu: machineCpu() - before, rss };
}

/** Runs a command to its end; gives its peak resident memory in MB, as far as it was seen. */
export function execute({ argv, env }: Command): Promise<number> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-2000)));
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, peakResident(child.pid))), 10);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // `exit` and not `close`: a container that stays may hold the pipes.
    child.once('exit', (status) => {
      clearInterval(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      if (status === 0) resolve(peak);
      else setImmediate(() => reject(new Error(`${argv.join(' ')}: status ${String(status)}: ${said.trim()}`)));
    });
  });
}

function peakResident(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Milliseconds that all processors together were not idle. */
export function machineCpu(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) * TICK_MS;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

export interface Medians {
  readonly samples: ReadonlyMap<string, Sample>;
  /** Who failed, and with what. */
  readonly remarks: readonly string[];
}

/**
 * Measures several commands in turns, so that a slow minute of the machine meets all of them, and
 * gives each one's median. The first round is not counted; who fails is left out from then on.
 */
export async function interleaved(commands: ReadonlyMap<string, () => Promise<Sample>>, rounds: number): Promise<Medians> {
  const samples = new Map<string, Sample[]>([...commands.keys()].map((name) => [name, []]));
  const remarks: string[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (const [name, taken] of samples) {
      try {
        const sample = await commands.get(name)!();
        if (round > 0) taken.push(sample);
      } catch (error) {
        remarks.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        samples.delete(name);
      }
    }
  }
  return { samples: new Map([...samples].map(([name, all]) => [name, medianSample(all)])), remarks };
}

function medianSample(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample): number => median(samples.map((sample) => sample[key]));
  return { wall: of('wall'), cpu: of('cpu'), rss: of('rss') };
}
