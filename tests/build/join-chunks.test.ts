import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { type Chunk, joinChunks } from '../../scripts/build/join-chunks.ts';

/** Evaluates joined chunks; gives what they told `say`, and which of Node's modules were loaded. */
function evaluate(...chunks: readonly Chunk[]): { said: unknown[]; loaded: string[] } {
  const said: unknown[] = [];
  const loaded: string[] = [];
  const load = createRequire(import.meta.url);
  const requiring = (name: string): unknown => (loaded.push(name), load(name));
  new Function('require', 'say', joinChunks(chunks, 'main.js'))(requiring, (value: unknown) => said.push(value));
  return { said, loaded };
}

test('joinChunks, a chunk that imports from another, gets what that exports, under both names', () => {
  const { said } = evaluate(
    { name: 'main.js', text: 'import {\n  a,\n  b as c\n} from "./other.js";\nsay(a + c);' },
    { name: 'other.js', text: 'var a = 1;\nvar two = 2;\nexport {\n  a,\n  two as b\n};' },
  );
  assert.deepEqual(said, [3]);
});

test('joinChunks, a chunk that two import, is evaluated once', () => {
  const shared = 'import { value } from "./shared.js";\nsay(value);';
  const { said } = evaluate(
    { name: 'main.js', text: `import "./a.js";\nimport "./b.js";` },
    { name: 'a.js', text: shared },
    { name: 'b.js', text: shared },
    { name: 'shared.js', text: 'say("evaluated");\nvar value = 1;\nexport {\n  value\n};' },
  );
  assert.deepEqual(said, ['evaluated', 1, 1]);
});

test('joinChunks, a chunk named by import() only, is evaluated when that runs', async () => {
  const { said } = evaluate(
    { name: 'main.js', text: 'say("first");\nsay(import("./later.js").then((module) => module.default));' },
    { name: 'later.js', text: 'say("second");\nexport default 7;' },
  );
  assert.deepEqual(said.slice(0, 2), ['first', 'second']);
  assert.equal(await said[2], 7);
});

test('joinChunks, a module of Node named by import(), is loaded when that runs', async () => {
  const { said, loaded } = evaluate({ name: 'main.js', text: 'say(import("node:zlib").then(({ gzipSync }) => gzipSync("a").length > 0));' });
  assert.deepEqual([await said[0], loaded], [true, ['node:zlib']]);
});

test('joinChunks, a function of a module of Node, loads it by the first call', () => {
  const text = 'import { createHash } from "node:crypto";\nimport { existsSync } from "node:fs";\nsay(existsSync("/"));\nif (later) say(createHash("sha256").digest("hex").length);';
  assert.deepEqual(evaluate({ name: 'main.js', text: `var later = false;\n${text}` }), { said: [true], loaded: ['node:fs'] });
  assert.deepEqual(evaluate({ name: 'main.js', text: `var later = true;\n${text}` }), { said: [true, 64], loaded: ['node:fs', 'node:crypto'] });
});

test('joinChunks, a class of a module of Node, is the class itself', () => {
  const { said } = evaluate({ name: 'main.js', text: 'import { Readable } from "node:stream";\nclass Mine extends Readable {}\nsay(new Mine() instanceof Readable);' });
  assert.deepEqual(said, [true]);
});

test('joinChunks, a statement that it does not know, throws', () => {
  assert.throws(() => joinChunks([{ name: 'main.js', text: 'import * as all from "./other.js";' }], 'main.js'), /import \* as all/);
  assert.throws(() => joinChunks([{ name: 'main.js', text: 'say(import(name));' }], 'main.js'), /import\(name\)/);
});
