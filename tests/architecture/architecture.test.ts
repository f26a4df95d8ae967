import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  importBreaches,
  nameBreaches,
  sizeBreaches,
  terminalBreaches,
  unfinishedBreaches,
  type Breach,
  type Package,
} from './rules.ts';
import { readSources, root, type Source, toSource } from './sources.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  imports: Record<string, string>;
  dependencies: Record<string, string>;
};
const project: Package = { doors: manifest.imports, dependencies: Object.keys(manifest.dependencies) };
const engine = readSources('src');
const everything = [...engine, ...['tests', 'scripts', 'bench'].flatMap(readSources)];

function expectNone(breaches: Breach[]): void {
  assert.equal(breaches.length, 0, `\n  ${breaches.join('\n  ')}`);
}

test('rooms, every import in src, follows the table of who may import whom', () => {
  expectNone(engine.flatMap((source) => importBreaches(source, project)));
});

test('rooms, files outside src, use doors that exist', () => {
  expectNone(everything.filter(({ room }) => room === undefined).flatMap((source) => importBreaches(source, project)));
});

test('terminal, every file in src but cli, leaves argv, output and exit codes alone', () => {
  expectNone(engine.flatMap(terminalBreaches));
});

test('size, every file, has one subject', () => {
  expectNone(everything.flatMap(sizeBreaches));
});

test('names, every file, is a noun in kebab-case', () => {
  expectNone(everything.flatMap(({ path }) => nameBreaches(path)));
});

test('sources, every file, is finished', () => {
  expectNone(everything.flatMap(unfinishedBreaches));
});

const file = (path: string, text: string): Source => toSource(path, text);
const rejected = (source: Source): string => importBreaches(source, project).join();

test('importBreaches, the store importing the pod, names both and the table', () => {
  const source = file('src/store/tree.ts', `import { openPod } from '#pod';\n`);
  assert.match(rejected(source), /src\/store\/tree\.ts imports '#pod', but store may import appc, oci, sys/);
});

test('importBreaches, a type import spread over lines, counts', () => {
  const source = file('src/appc/x.ts', `import type {\n  A,\n} from '#oci';\n`);
  assert.match(rejected(source), /appc may import nobody/);
});

test('importBreaches, import() and require of a reserved module, are refused', () => {
  assert.match(rejected(file('src/pod/x.ts', `await import('node:child_process');`)), /only sys may/);
  assert.match(rejected(file('src/pod/x.ts', `createRequire(import.meta.url)('node:ffi')`)), /only sys may/);
});

test('importBreaches, a deep or a relative way into another room, is refused', () => {
  assert.match(rejected(file('src/image/x.ts', `import { a } from '#store/tree';`)), /no room's door/);
  assert.match(rejected(file('src/image/x.ts', `import { a } from '../store/tree.ts';`)), /go through the door, '#store'/);
});

test('importBreaches, one flavor importing another, is refused', () => {
  assert.match(rejected(file('src/stage1/fly/x.ts', `import { a } from '#stage1/oci';`)), /stage1\/fly may import/);
});

test('importBreaches, an import inside a comment, is none', () => {
  assert.equal(rejected(file('src/appc/x.ts', `// import { a } from '#pod';\n/* import('#pod') */\n`)), '');
});

test('importBreaches, a package that is not a dependency, is refused', () => {
  assert.match(rejected(file('src/image/x.ts', `import a from 'left-pad';`)), /neither node: nor/);
});
