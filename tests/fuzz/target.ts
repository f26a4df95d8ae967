import { RktError } from '#errors';
import type { Random } from './random.ts';

/** Something that is fed with what nobody in their right mind would send. */
export interface Target {
  readonly name: string;
  /** Milliseconds that one case may take. */
  readonly limit: number;
  /** Makes what the cases need. Disposing throws if a case has left anything behind. */
  open(): Promise<Subject>;
}

export interface Subject extends AsyncDisposable {
  /** One case. An {@link RktError} is an answer; anything else that is thrown is a finding. */
  run(random: Random): Promise<void> | void;
}

export function subjectOf(run: Subject['run'], dispose: () => Promise<void> | void = () => {}): Subject {
  return { run, [Symbol.asyncDispose]: async () => dispose() };
}

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
}

export interface FuzzResult {
  readonly cases: number;
  /** How many of them were refused by an RktError. */
  readonly refused: number;
  readonly slowestMs: number;
}

/** Memory that a target may be left holding, whatever it was fed. */
const MEMORY_LIMIT = 400 << 20;

/**
 * Feeds a target until the time is up.
 *
 * @throws {Error} at the first finding, naming the seed that gives it again
 */
export async function fuzz(target: Target, { seconds, seed }: FuzzOptions): Promise<FuzzResult> {
  const result = { cases: 0, refused: 0, slowestMs: 0 };
  await using subject = await target.open();
  const before = process.memoryUsage.rss();
  const { Random: Chance } = await import('./random.ts');
  for (const end = performance.now() + seconds * 1000; performance.now() < end || result.cases === 0; result.cases++) {
    const own = seed + result.cases;
    const started = performance.now();
    if (await wasRefused(target, subject, new Chance(own), own)) result.refused++;
    result.slowestMs = Math.max(result.slowestMs, Math.round(performance.now() - started));
    if (result.slowestMs > target.limit) throw finding(target, own, `took ${result.slowestMs} ms, more than ${target.limit}`);
  }
  const grown = process.memoryUsage.rss() - before;
  if (grown > MEMORY_LIMIT) throw finding(target, seed, `holds ${grown >> 20} MiB more after ${result.cases} cases`);
  return result;
}

async function wasRefused(target: Target, subject: Subject, random: Random, seed: number): Promise<boolean> {
  try {
    await subject.run(random);
    return false;
  } catch (error) {
    if (error instanceof RktError) return true;
    throw finding(target, seed, error instanceof Error ? (error.stack ?? error.message) : String(error), error);
  }
}

function finding(target: Target, seed: number, what: string, cause?: unknown): Error {
  return new Error(`${target.name}: ${what}\nagain: npm run fuzz -- --only=${target.name} --seed=${seed} --seconds=0`, { cause });
}
