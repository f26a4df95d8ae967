import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const userns = join(import.meta.dirname, 'build/userns');
const maps = ['--newuidmap=/bin/true', '--newgidmap=/bin/true', '--uid=0', '--uid=1000', '--uid=1', '--gid=0', '--gid=1000', '--gid=1'];
const program = ['--', '/bin/true'];

const refused: [string, string[], string][] = [
  ['no program', maps, 'the program after --: is missing'],
  ['a relative program', [...maps, '--', 'true'], 'true: must be an absolute path'],
  ['an unknown argument', ['--verbose=1', ...program], '--verbose=1: unknown argument'],
  ['a word that is no number', ['--uid=-1', ...program], '--uid: not a number'],
  ['no map of users', [...maps.filter((word) => !word.startsWith('--uid')), ...program], '--newuidmap: needs a program and threes of numbers'],
  ['half a range', [...maps, '--gid=5', ...program], '--newgidmap: needs a program and threes of numbers'],
  ['a relative mapper', [...maps, '--newgidmap=true', ...program], '--newgidmap: needs a program and threes of numbers'],
  ['a namespace that is none', ['--join=/nonesuch', ...program], 'cannot open /nonesuch: No such file or directory'],
];

describe('userns', () => {
  for (const [what, argv, message] of refused)
    test(`${what}, is refused with 254`, () => {
      const { status, stderr } = spawnSync(userns, argv, { encoding: 'utf8' });
      assert.deepEqual([stderr, status], [`rkt: userns: ${message}\n`, 254]);
    });

  test('a mapper that fails, ends it with 254 before the program', () => {
    const { status, stdout } = spawnSync(userns, [...maps, '--newuidmap=/bin/false', '--', '/bin/echo', 'started'], { encoding: 'utf8' });
    assert.deepEqual([stdout, status], ['', 254]);
  });
});
