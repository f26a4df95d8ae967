import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandModules } from '../command-modules.ts';
import { rkt } from './table.ts';
import type { CommandSpec } from './spec.ts';

function leaves(command: CommandSpec, path: readonly string[] = []): { path: string; command: CommandSpec }[] {
  if (command.commands === undefined) return [{ path: path.join(' '), command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name]));
}

test('the table, every command that is available, has a module, and no other has', () => {
  const available = leaves(rkt).filter(({ command }) => !command.later).map(({ path }) => path);
  assert.deepEqual(available.sort(), Object.keys(commandModules).sort());
});

test('the table, every module, can be loaded', async () => {
  for (const load of Object.values(commandModules)) assert.equal(typeof (await load()).execute, 'function');
});

test('the table, every command of rkt 1.30, is known', () => {
  const known = new Set(leaves(rkt).map(({ path }) => path));
  const wanted = `fetch trust prepare run run-prepared enter attach stop list status rm cat-manifest gc export config version
    metadata-service api-service help completion`.split(/\s+/);
  const images = ['list', 'rm', 'gc', 'verify', 'export', 'extract', 'render', 'cat-manifest', 'fetch'];
  const apps = ['sandbox', 'add', 'start', 'stop', 'rm', 'list', 'status', 'exec'];
  for (const path of [...wanted, ...images.map((name) => `image ${name}`), ...apps.map((name) => `app ${name}`)]) {
    assert.ok(known.has(path), path);
  }
});

test('the table, flags of one command, have different names', () => {
  for (const { command, path } of leaves(rkt)) {
    const names = [...rkt.flags, ...command.flags].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, path);
  }
});
