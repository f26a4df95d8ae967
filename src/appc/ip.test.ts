import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from './ip.ts';

test('parseIp, addresses, are in the form Go prints', () => {
  const forms: [string, string][] = [
    ['127.0.0.1', '127.0.0.1'], ['0.0.0.0', '0.0.0.0'], ['::', '::'], ['::1', '::1'], ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'], ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
  ];
  for (const [text, form] of forms) assert.equal(parseIp(text), form, text);
});

test('parseIp, anything else, is none', () => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4.', '1.2.3.4\n', 'localhost', '[::1]', 'fe80::1%eth0', ':::', '1::2::3', '12345::', '::1/64', ']:1[', '::1\n']) {
    assert.equal(parseIp(text), undefined, text);
  }
});
