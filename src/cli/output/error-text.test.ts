import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RktError } from '#errors';
import { readBounded } from '#sys';
import { attempt, badRequest, CliError } from '../cli-error.ts';
import { errorText } from './error-text.ts';

const quiet = { command: 'run', debug: false };
const debug = { command: 'run', debug: true };

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('errorText, an error with a hint, has the hint below', () => {
  const error = new RktError('x', 'pod is running', { hint: 'stop it first: rkt stop 1f0a' });
  assert.equal(errorText(error, quiet), 'run: pod is running\nstop it first: rkt stop 1f0a\n');
});

test('errorText, a failed attempt, tells what was done and why it failed', async () => {
  const error = await attempt('problem retrieving pod', () => {
    throw new RktError('pod-not-found', 'no matches found for "x"', { cause: new Error('below') });
  }).catch((thrown: unknown) => thrown);
  assert.equal(errorText(error, quiet), 'run: problem retrieving pod: no matches found for "x"\n');
  assert.equal(errorText(error, debug), 'run: problem retrieving pod\n  └─no matches found for "x"\n    └─below\n');
});

test('errorText, an error of usage, is told without the command', () => {
  assert.equal(errorText(new CliError('usage', 'unknown flag: --x', { hint: 'Run it.' }), quiet), 'Error: unknown flag: --x\nRun it.\n');
  assert.equal(errorText(badRequest('no'), quiet), 'run: no\n');
});

test('errorText, a system call that failed, is told as the system says it', () => {
  const error = thrownBy(() => readFileSync('/none/such'));
  assert.equal(errorText(error, quiet), 'run: open /none/such: no such file or directory\n');
});

test('errorText, a fault in rkt, shows its stack with debug only', () => {
  const error = thrownBy(() => (undefined as unknown as string).length);
  assert.match(errorText(error, quiet), /^run: internal error: TypeError: [^\n]+\n$/);
  assert.match(errorText(error, debug), /\n {4}at /);
});

test('errorText, control characters in a name, are shown and not sent to the terminal', () => {
  assert.equal(errorText(badRequest('no "a\u001b]0;x\u0007\u202eb"\n\tand why'), quiet), 'run: no "a\\u{1b}]0;x\\u{7}\\u{202e}b"\n\tand why\n');
});

test('errorText, a directory in the place of a file, is told in the words of the C library', () => {
  assert.equal(errorText(thrownBy(() => readBounded('/etc', 10)), quiet), 'run: read /etc: is a directory\n');
});
