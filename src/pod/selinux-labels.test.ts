import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSelinuxContextText, parseSelinuxLabels, renderSelinuxLabels, selinuxLevel } from './selinux-labels.ts';

const labels = { process: 'u:r:t:s0:c1,c2', file: 'u:object_r:f_t:s0:c1,c2', image: 'u:object_r:i_t:s0' };

test('parseSelinuxLabels, what was rendered, is the same', () => {
  assert.deepEqual(parseSelinuxLabels(renderSelinuxLabels(labels)), labels);
});

test('parseSelinuxLabels, a file cut off by a crash, throws', () => {
  for (const text of ['', 'u:r:t:s0\n', renderSelinuxLabels(labels).slice(0, 20), `${renderSelinuxLabels(labels)}more`]) {
    assert.throws(() => parseSelinuxLabels(text), { code: 'bad-selinux-labels' }, text);
  }
});

test('isSelinuxContextText, what could end an option of a mount, is none', () => {
  assert.ok(isSelinuxContextText('u:r:t:s0-s0:c0.c1023'));
  for (const text of ['', 'u:r', 'u:r:t:s0"', 'u:r:t,x:s0', 'u:r:t:s0 ', 'u:r:t:s0\n', 'u:r:t:']) assert.ok(!isSelinuxContextText(text), text);
});

test('selinuxLevel, of a context, is all after its type', () => {
  assert.equal(selinuxLevel('u:r:t:s0:c1,c2'), 's0:c1,c2');
  assert.equal(selinuxLevel('u:r:t'), undefined);
});
