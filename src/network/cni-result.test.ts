import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dottedMask, parseCniResult } from './cni-result.ts';

test('parseCniResult, answers of CNI 0.1 and of 0.3 and later, are the same', () => {
  const old = '{"ip4":{"ip":"10.1.0.2/16","gateway":"10.1.0.1"},"dns":{}}';
  const recent = '{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.2/16","gateway":"10.1.0.1"}],"interfaces":[]}';
  assert.deepEqual(parseCniResult(old), parseCniResult(recent));
  assert.deepEqual(parseCniResult(old), { addresses: [{ ip: '10.1.0.2', prefixLength: 16, gateway: '10.1.0.1' }] });
});

test('parseCniResult, IPv6 first, gives the IPv4 address before it', () => {
  const { addresses } = parseCniResult('{"ips":[{"address":"fd00::2/64"},{"address":"10.1.0.2/16"}]}');
  assert.deepEqual(addresses.map(({ ip }) => ip), ['10.1.0.2', 'fd00::2']);
});

test('parseCniResult, nothing printed, is no address', () => {
  assert.deepEqual(parseCniResult('\n'), { addresses: [] });
});

test('parseCniResult, DNS that would be more than its words in resolv.conf, is left out', () => {
  const dns = { nameservers: ['1.2.3.4', '1.2.3.4\nnameserver 6.6.6.6', ''], search: ['a b', 'c'], options: ['\u001b[2J', 'ndots:2'], domain: 'x\ny' };
  assert.deepEqual(parseCniResult(JSON.stringify({ dns })).dns, { nameservers: ['1.2.3.4'], search: ['c'], options: ['ndots:2'] });
});

test('parseCniResult, DNS in parts, gives lists for what is not there', () => {
  assert.deepEqual(parseCniResult('{"dns":{"nameservers":["1.2.3.4"]}}').dns, { nameservers: ['1.2.3.4'], search: [], options: [] });
});

test('parseCniResult, text, list and bad address, throws', () => {
  const addresses = ['10.1.0.2', '10.1.0.256/24', '10.1.0.2/33', 'fd00::2/129', 'fd00:::2/64', '1/2', 'db/24'].map((address) => JSON.stringify({ ips: [{ address }] }));
  for (const text of ['hello', '3', '[]', ...addresses, '{"ips":[{"address":"10.1.0.2/24","gateway":"db"}]}']) {
    assert.throws(() => parseCniResult(text), { code: 'result-invalid' }, text);
  }
});

test('dottedMask, prefix lengths, gives masks', () => {
  assert.deepEqual([0, 9, 24, 32].map(dottedMask), ['0.0.0.0', '255.128.0.0', '255.255.255.0', '255.255.255.255']);
});
