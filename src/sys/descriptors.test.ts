import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { openDescriptorSockets, openPipe, receiveDescriptors, sendDescriptors } from '#sys';

test('sendDescriptors, several messages of several descriptors, arrive in order as copies', () => {
  const [here, there] = openDescriptorSockets();
  const { readFd, writeFd } = openPipe();
  const file = openSync('/proc/self/status', constants.O_RDONLY);
  sendDescriptors(here, [readFd, file]);
  sendDescriptors(here, [writeFd]);
  const [pipe, copy] = receiveDescriptors(there, 2);
  const [end] = receiveDescriptors(there, 1);
  assert.deepEqual(fstatSync(copy!).ino, fstatSync(file).ino);
  writeSync(end!, 'x');
  assert.equal(readSync(pipe!, Buffer.alloc(9)), 1);
  for (const fd of [here, there, readFd, writeFd, file, pipe!, copy!, end!]) closeSync(fd);
});

test('receiveDescriptors, nothing sent or too many, throws and does not wait', () => {
  const [here, there] = openDescriptorSockets();
  assert.throws(() => receiveDescriptors(there, 1), { code: 'EAGAIN' });
  sendDescriptors(here, [0]);
  assert.throws(() => receiveDescriptors(there, 2), /1 descriptors came/);
  closeSync(there);
  assert.throws(() => sendDescriptors(here, [0]), { code: 'EPIPE' });
  closeSync(here);
});

test('openPipe, full, does not wait', () => {
  const { readFd, writeFd } = openPipe();
  const block = Buffer.alloc(4096);
  assert.throws(() => {
    for (let written = 0; written < 100 * block.length; written += block.length) writeSync(writeFd, block);
  }, { code: 'EAGAIN' });
  closeSync(readFd);
  closeSync(writeFd);
});
