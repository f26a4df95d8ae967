import { availableParallelism } from 'node:os';
import type { Lock } from '#sys';
import { casLayout, type CasLayout } from './layout.ts';
import { type ArchiveLimits, DEFAULT_LIMITS } from './tar/limits.ts';
import type { Self } from './confinement.ts';
import type { StoreOptions } from './types.ts';

const MOST_UNPACKERS = 3;

/** What all parts of one open store have in common. */
export interface StoreContext {
  readonly layout: CasLayout;
  readonly limits: ArchiveLimits;
  readonly self: Self | undefined;
  /** Shared locks on layers and trees that this process uses, by path; gc leaves those alone. */
  readonly pins: Map<string, Lock>;
  /** Runs a body when one of the unpackers is free. */
  withUnpacker<T>(body: () => Promise<T>): Promise<T>;
}

export function makeContext(dataDir: string, options: StoreOptions): StoreContext {
  return {
    layout: casLayout(dataDir),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    self: options.self,
    pins: new Map(),
    withUnpacker: makeGate(() => options.unpackers ?? Math.min(availableParallelism(), MOST_UNPACKERS)),
  };
}

/** Lets at most `width` bodies run at once, in the order they came. Asked at first use: it loads node:os. */
function makeGate(width: () => number): <T>(body: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let limit: number | undefined;
  let running = 0;
  return async (body) => {
    if (running < (limit ??= width())) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await body();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** @throws where the program that opened the store did not say how it is started */
export function selfOf(context: StoreContext): Self {
  if (context.self === undefined) throw new Error('the store was opened without `self`, so it cannot unpack');
  return context.self;
}
