import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFreeLevel, parseContexts } from './selinux-labels.ts';

const LXC_CONTEXTS = `# comment = "x"
process = "system_u:system_r:container_t:s0"
content = "system_u:object_r:virt_var_lib_t:s0"
file = "system_u:object_r:container_file_t:s0"
ro_file = "system_u:object_r:container_ro_file_t:s0"
sandbox_lxc_process = "system_u:system_r:other_t:s0"
`;

test('parseContexts, what policies ship, has the three that matter', () => {
  assert.deepEqual(parseContexts(LXC_CONTEXTS), {
    process: 'system_u:system_r:container_t:s0',
    file: 'system_u:object_r:container_file_t:s0',
    image: 'system_u:object_r:container_ro_file_t:s0',
  });
});

test('parseContexts, without a context for images, they are as files; without quotes and levels, it is the same', () => {
  const text = 'process = u:r:t\nfile=u:r:f';
  assert.deepEqual(parseContexts(text), { process: 'u:r:t', file: 'u:r:f', image: 'u:r:f' });
});

test('parseContexts, nothing, half of it, or what is no context, is none', () => {
  for (const text of ['', 'process = "u:r:t:s0"', 'process = "u:r:t:s0"\nfile = "u:r:f:s0\\"x"', 'process = "u:r"\nfile = "u:r:f"']) {
    assert.equal(parseContexts(text), undefined, text);
  }
});

/** Bytes that make the first and the second category. */
const bytes = (first: number, second: number): Buffer => {
  const random = Buffer.alloc(4);
  random.writeUInt16LE(first, 0);
  random.writeUInt16LE((second - first - 1 + 1024) % 1024, 2);
  return random;
};

test('findFreeLevel, is two different categories, the lower first', () => {
  assert.equal(findFreeLevel(new Set(), () => bytes(3, 1023)), 's0:c3,c1023');
  assert.equal(findFreeLevel(new Set(), () => bytes(1023, 3)), 's0:c3,c1023');
  for (let at = 0; at < 65536; at += 13) {
    const random = Buffer.alloc(4);
    random.writeUInt16LE(at, 0);
    random.writeUInt16LE(65535 - at, 2);
    const [, first, second] = /^s0:c(\d+),c(\d+)$/.exec(findFreeLevel(new Set(), () => random))!.map(Number);
    assert.ok(first! < second! && second! < 1024);
  }
});

test('findFreeLevel, a level that another pod has, is not given again', () => {
  const drawn = [bytes(1, 2), bytes(2, 1), bytes(1, 3)];
  assert.equal(findFreeLevel(new Set(['s0:c1,c2']), () => drawn.shift()!), 's0:c1,c3');
});
