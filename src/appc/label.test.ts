import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOsArch, decodeLabels, labelValue } from './label.ts';

const linux = [{ name: 'os', value: 'linux' }, { name: 'arch', value: 'amd64' }];

test('decodeLabels, doubles, the name "name" and unknown platforms, are refused', () => {
  assert.throws(() => decodeLabels([...linux, linux[0]]), /duplicate labels of name "os"/);
  assert.throws(() => decodeLabels([{ name: 'name', value: 'x' }]), /invalid label name: "name"/);
  assert.throws(() => decodeLabels([{ name: 'os', value: 'beos' }]), /bad os "beos" \(must be one of: \[darwin freebsd linux\]\)/);
  assert.throws(() => decodeLabels([linux[0], { name: 'arch', value: 'mips' }]), /bad arch "mips" for linux \(must be one of: \[amd64 i386 /);
  assert.throws(() => decodeLabels([{ name: 'A', value: '' }]), /ACIdentifier must contain/);
  assert.throws(() => decodeLabels([{ value: 'x' }]), /name must be set/);
  assert.deepEqual(decodeLabels([{ name: 'arch', value: 'whatever' }, { name: 'v' }]), [{ name: 'arch', value: 'whatever' }, { name: 'v', value: '' }]);
});

test('checkOsArch, an image for another system or for none, is refused as rkt says it', () => {
  assert.deepEqual(checkOsArch(linux), { os: 'linux', arch: 'amd64' });
  assert.throws(() => checkOsArch(undefined), { code: 'bad-label', message: 'missing os label in the image manifest' });
  assert.throws(() => checkOsArch([linux[0]!]), { message: 'missing arch label in the image manifest' });
  assert.throws(() => checkOsArch([{ name: 'os', value: 'freebsd' }, linux[1]!]), /^AppcError: bad os "freebsd" \(must be one of: \[linux\]\)$/);
});

test('labelValue, a label and none of that name, is its value and undefined', () => {
  assert.equal(labelValue(linux, 'os'), 'linux');
  assert.equal(labelValue(undefined, 'os'), undefined);
});
