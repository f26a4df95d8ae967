import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { blocksOf, withoutHashes } from '../../scripts/walkthrough/blocks.ts';
import { takeTour } from '../../scripts/walkthrough/tour.ts';

test('docs/walkthrough.md, its lists of files, are what a run makes; write them with scripts/walkthrough.ts', needs('root', 'busybox', 'gpg', 'iptables-save', 'findmnt'), async () => {
  const written = blocksOf(readFileSync(join(import.meta.dirname, '../../docs/walkthrough.md'), 'utf8'));
  const real = await takeTour();
  assert.deepEqual([...written.keys()].sort(), [...real.keys()].sort());
  for (const name of written.keys()) {
    if (!name.startsWith('files-')) continue;
    assert.deepEqual(withoutHashes(real.get(name)!), withoutHashes(written.get(name)!), name);
  }
});
