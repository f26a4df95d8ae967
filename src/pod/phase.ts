/**
 * The life of a pod: a directory that moves by rename(2) from phase to phase, always forward, and a lock
 * on that directory. Where it is and whether it is locked is its state; nothing else is kept.
 *
 * In `run` only the pod itself holds the lock and in `prepare` only its maker, so that there an unlocked
 * directory stays unlocked: exited, or given up. Such a directory is moved on without taking the lock,
 * which would make it look alive.
 */

/** The directories below `pods/`, in the order a pod goes through them. */
export const phases = ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage', 'garbage'] as const;
export type Phase = (typeof phases)[number];

/** What a user may ask about: not pods that are hardly there yet, nor those that never ran and are being thrown away. */
export const visiblePhases: readonly Phase[] = ['prepare', 'prepared', 'run', 'exited-garbage'];

/** The words of `rkt list` and `rkt status`. */
export type PodState =
  | 'embryo'
  | 'preparing'
  | 'aborted prepare'
  | 'prepared'
  | 'running'
  | 'exited'
  | 'exited garbage'
  | 'exited deleting'
  | 'garbage'
  | 'deleting';

interface PhaseRow {
  readonly locked: PodState;
  readonly unlocked: PodState;
  readonly next: readonly Phase[];
}

const table: Record<Phase, PhaseRow> = {
  embryo: { locked: 'embryo', unlocked: 'embryo', next: ['prepare'] },
  prepare: { locked: 'preparing', unlocked: 'aborted prepare', next: ['prepared', 'run', 'garbage'] },
  prepared: { locked: 'prepared', unlocked: 'prepared', next: ['run', 'garbage'] },
  run: { locked: 'running', unlocked: 'exited', next: ['exited-garbage'] },
  'exited-garbage': { locked: 'exited deleting', unlocked: 'exited garbage', next: [] },
  garbage: { locked: 'deleting', unlocked: 'garbage', next: [] },
};

export function stateOf(phase: Phase, locked: boolean): PodState {
  return table[phase][locked ? 'locked' : 'unlocked'];
}

/** Whether the lock says anything in this phase. */
export function lockMatters(phase: Phase): boolean {
  return table[phase].locked !== table[phase].unlocked;
}

export function mayMove(from: Phase, to: Phase): boolean {
  return table[from].next.includes(to);
}

/** The pod will not run (again). */
export function isFinished(state: PodState): boolean {
  return !['embryo', 'preparing', 'prepared', 'running'].includes(state);
}

/** The pod has run, or is garbage. */
export function isAfterRun(state: PodState): boolean {
  return isFinished(state) && state !== 'aborted prepare';
}
