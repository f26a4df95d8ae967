import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFailure } from './plugin.ts';

test('describeFailure, an error object, a word, and nothing, is what there is to read', () => {
  assert.equal(describeFailure(1, '{"msg":"no carrier","details":"on port 7"}', 'cut\n'), 'no carrier; on port 7; cut');
  assert.equal(describeFailure(3, 'oops\n', ''), 'exit status 3: oops');
  assert.equal(describeFailure(139, '', ''), 'exit status 139');
});

test('describeFailure, what a terminal would obey and a flood, is not shown', () => {
  assert.equal(describeFailure(1, '{"msg":"\\u001b[31mred\\u0007"}', 'a\rb'), '\ufffd[31mred\ufffd; a\ufffdb');
  const flood = describeFailure(1, '', 'x'.repeat(100_000));
  assert.ok(flood.length < 3_000 && flood.endsWith('…'), `${flood.length}`);
});
