import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeSpans } from '../../scripts/docs/pages.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/conformance.md'), 'utf8');

/** The file that the page names, `functional/run` or `src/pod/phase`. */
function fileOf(name: string): string {
  return join(root, /^(src|native)\//.test(name) ? '' : 'tests', `${name}.test.ts`);
}

/** The names of tests as the sources have them. */
function titlesIn(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/\b(?:test|describe)\((['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , title]) => title!.replaceAll("\\'", "'"));
}

const named = [...page.matchAll(/`([^`\s]+)` › `([^`]+)`/g)].map(([, file, title]) => ({ file: file!, title: title! }));

test('docs/conformance.md, every test it names, is there', () => {
  assert.ok(named.length > 100, `${named.length} tests are named`);
  const missing = named.filter(({ file, title }) => !existsSync(fileOf(file)) || !titlesIn(fileOf(file)).some((each) => each.startsWith(title)));
  assert.deepEqual(missing, []);
});

test('docs/conformance.md, every requirement of an executor without a file, is one of tests/functional/ace.test.ts', () => {
  const section = page.slice(page.indexOf('## The App Container executor'));
  const cells = section.split('\n').filter((line) => line.startsWith('| ')).slice(2).map((line) => line.split(' | ').at(-1)!);
  const alone = cells.flatMap((cell) => codeSpans(cell.replaceAll(/`[^`\s]+` › `[^`]+`/g, ''))).filter((span) => !span.startsWith('--'));
  const ace = readFileSync(join(root, 'tests/functional/ace.test.ts'), 'utf8');
  assert.ok(alone.length > 10);
  assert.deepEqual(alone.filter((requirement) => !ace.includes(`'${requirement}'`)), []);
});

test('docs/conformance.md, every row, has a proof or says that there is none', () => {
  const rows = page.split('\n').filter((line) => /^\| .* \| .* \|$/.test(line) && !line.endsWith('proved by |'));
  assert.deepEqual(rows.filter((row) => !/`|not done|not there/.test(row.split(' | ').at(-1)!)), []);
});
