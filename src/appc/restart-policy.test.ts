import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRestartPolicy } from './restart-policy.ts';

test('parseRestartPolicy, each policy, is taken as it is', () => {
  for (const text of ['no', 'always', 'on-failure', 'on-failure:3']) assert.equal(parseRestartPolicy(text), text);
});

test('parseRestartPolicy, what is no policy, throws', () => {
  for (const text of ['', 'yes', 'always:3', 'on-failure:', 'on-failure:0', 'on-failure:x', 'on-failure:9999999999', 'no\n'])
    assert.throws(() => parseRestartPolicy(text), { code: 'bad-restart' }, text);
});
