import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAfterRun, isFinished, mayMove, phases, type PodState, stateOf } from './phase.ts';

test('stateOf, every phase locked and unlocked, gives the words of rkt', () => {
  const rows = phases.map((phase) => [phase, stateOf(phase, true), stateOf(phase, false)]);
  assert.deepEqual(rows, [
    ['embryo', 'embryo', 'embryo'],
    ['prepare', 'preparing', 'aborted prepare'],
    ['prepared', 'prepared', 'prepared'],
    ['run', 'running', 'exited'],
    ['exited-garbage', 'exited deleting', 'exited garbage'],
    ['garbage', 'deleting', 'garbage'],
  ]);
});

test('mayMove, any two phases, allows only the seven ways forward', () => {
  const ways = phases.flatMap((from) => phases.filter((to) => mayMove(from, to)).map((to) => `${from} ${to}`));
  assert.deepEqual(ways, [
    'embryo prepare',
    'prepare prepared',
    'prepare run',
    'prepare garbage',
    'prepared run',
    'prepared garbage',
    'run exited-garbage',
  ]);
  for (const way of ways) {
    const [from, to] = way.split(' ').map((name) => phases.findIndex((phase) => phase === name));
    assert.ok(from! < to!, 'a single look through the phases in order must meet a moving pod');
  }
});

test('isFinished and isAfterRun, all states, part them as rkt does', () => {
  const states = phases.flatMap((phase) => [stateOf(phase, true), stateOf(phase, false)]);
  const pick = (test: (state: PodState) => boolean): string => [...new Set(states.filter(test))].sort().join();
  assert.equal(pick(isFinished), 'aborted prepare,deleting,exited,exited deleting,exited garbage,garbage');
  assert.equal(pick(isAfterRun), 'deleting,exited,exited deleting,exited garbage,garbage');
});
