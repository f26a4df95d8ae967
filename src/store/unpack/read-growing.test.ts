import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPipe } from '#sys';
import { appendToLayer } from '../layer/partial-file.ts';
import { temporaryDirectory } from '../store-fixture.ts';
import { readGrowing } from './read-growing.ts';

test('readGrowing, a file that is appended to, gives all of it and ends with the pipe', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, 'before ');
  const [fd, file] = [openSync(path, 'a'), openSync(path, 'r')];
  const { readFd, writeFd } = openPipe();
  const pieces = readGrowing(file, readFd);
  const next = (): string | undefined => pieces.next().value?.toString();
  assert.equal(next(), 'before ');
  appendToLayer({ fd, wakeFd: writeFd }, Buffer.from('one '));
  appendToLayer({ fd, wakeFd: writeFd }, Buffer.from('two '));
  assert.equal(next(), 'one two ');
  appendToLayer({ fd, wakeFd: writeFd }, Buffer.from('three'));
  closeSync(writeFd);
  assert.deepEqual([next(), next()], ['three', undefined]);
  for (const open of [fd, file, readFd]) closeSync(open);
});

test('appendToLayer, nobody reads, does not wait and does not fail', (t) => {
  const fd = openSync(join(temporaryDirectory(t), 'file'), 'a');
  const { readFd, writeFd } = openPipe();
  for (let count = 0; count < 70_000; count++) appendToLayer({ fd, wakeFd: writeFd }, Buffer.of(1));
  closeSync(readFd);
  appendToLayer({ fd, wakeFd: writeFd }, Buffer.of(1));
  for (const open of [fd, writeFd]) closeSync(open);
});
