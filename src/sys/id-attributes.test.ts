import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapAttributeIds } from './id-attributes.ts';
import { insideId, outsideId } from './id-range.ts';

const range = { shift: 65536, count: 65536 };
const out = (id: number): number => outsideId(range, id);
const back = (id: number): number => insideId(range, id);
const version2 = Buffer.from('0100000200200000000000000000000000000000', 'hex');

test('mapAttributeIds, a capability of the host, is that of the root of a user namespace, and again', () => {
  const mapped = mapAttributeIds('security.capability', version2, out);
  assert.equal(mapped.toString('hex'), '010000030020000000000000000000000000000000000100');
  assert.deepEqual(mapAttributeIds('security.capability', mapped, back), version2);
});

test('mapAttributeIds, an access list, names others and keeps its other entries', () => {
  const list = Buffer.from(['02000000', '01000700ffffffff', '02000600e8030000', '0400050000ffffff', '080004000a000000', '10000700ffffffff', '20000500ffffffff'].join(''), 'hex');
  const mapped = mapAttributeIds('system.posix_acl_access', list, out);
  assert.equal(mapped.readUInt32LE(4 + 8 + 4), 65536 + 1000);
  assert.equal(mapped.readUInt32LE(4 + 3 * 8 + 4), 65536 + 10);
  assert.deepEqual(mapAttributeIds('system.posix_acl_access', mapped, back), list);
});

test('mapAttributeIds, what it does not know or what is damaged, is left as it is', () => {
  const value = Buffer.from('00ff', 'hex');
  for (const name of ['user.x', 'security.capability', 'system.posix_acl_access']) assert.deepEqual(mapAttributeIds(name, value, out), value);
});

test('outsideId and insideId, ids that are not in the range, are nobody outside and themselves inside', () => {
  assert.deepEqual([out(0), out(65535), out(65536), out(3_000_000)], [65536, 131071, 65536 + 65534, 65536 + 65534]);
  assert.deepEqual([back(65536), back(131071), back(131072), back(0)], [0, 65535, 131072, 0]);
});
