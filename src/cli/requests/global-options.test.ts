import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GlobalOptions } from '#stage0';
import { parseCommandLine } from '../parse/command-line.ts';
import { globalOptions } from './global-options.ts';

function options(line: string): GlobalOptions {
  return globalOptions(parseCommandLine(line.split(' ')).globals);
}

const allChecks = { image: false, tls: false, http: false, pubkey: false, capabilities: false, paths: false, seccomp: false };

test('globalOptions, nothing given, are the defaults', () => {
  assert.deepEqual(options('list'), {
    debug: false,
    dataDir: undefined,
    configDirs: { systemDir: '/usr/lib/rkt', localDir: '/etc/rkt', userDir: undefined },
    insecure: allChecks,
    trustKeysFromHttps: false,
  });
});

test('globalOptions, relative directories, are made absolute', () => {
  assert.equal(options('--dir=x list').dataDir, `${process.cwd()}/x`);
  assert.throws(() => options('--dir= list'), { message: /"" is not a valid directory/ });
});

test('globalOptions, --insecure-options, resolves the groups', () => {
  assert.deepEqual(options('--insecure-options=image,ondisk list').insecure, { ...allChecks, image: true });
  assert.deepEqual(options('--insecure-options=all-fetch list').insecure, { ...allChecks, image: true, tls: true, http: true, pubkey: true });
  assert.deepEqual(options('--insecure-options=all-run list').insecure, { ...allChecks, capabilities: true, paths: true, seccomp: true });
  assert.ok(Object.values(options('--insecure-options=all list').insecure).every(Boolean));
  assert.deepEqual(options('--insecure-options=none list').insecure, allChecks);
});
