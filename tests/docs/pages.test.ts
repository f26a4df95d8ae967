import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brokenLinks, codeLines, codeSpans, commandLinesIn, type Page, pages } from '../../scripts/docs/pages.ts';
import { fillInNotYet } from '../../scripts/docs/not-yet.ts';
import { rkt } from '../../src/cli/flags/table.ts';
import type { CommandSpec } from '../../src/cli/flags/spec.ts';
import { parseCommandLine } from '../../src/cli/parse/command-line.ts';

const NOT_ABOUT_WHAT_IS_THERE = ['docs/differences-from-rkt.md'];

test('the documents, every relative link, leads to a file and a heading', () => {
  for (const page of pages()) assert.deepEqual(brokenLinks(page), [], page.file);
});

for (const page of operatorPages()) {
  test(`${page.file}, every command line of rkt in it, parses`, () => {
    const lines = [...codeLines(page.text), ...codeSpans(page.text).filter((span) => /^rkt [^…]* [^…]*$/.test(span))];
    for (const line of lines) {
      for (const words of commandLinesIn(line)) assert.doesNotThrow(() => parseCommandLine(words), `${page.file}: ${line}`);
    }
  });

  test(`${page.file}, every flag it names, is there`, () => {
    const known = flagsOf(rkt);
    const named = codeSpans(page.text).flatMap((span) => /^--([a-z][a-z0-9-]+)/.exec(span)?.[1] ?? []);
    assert.deepEqual(named.filter((name) => !known.has(name) && !OTHERS.has(name)), []);
  });
}

test('docs/dependencies.md, every Debian and npm package that is installed, has its reason there', () => {
  const root = join(import.meta.dirname, '../..');
  const text = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const setup = readFileSync(join(root, 'scripts/setup'), 'utf8');
  const debian = [...setup.matchAll(/^(?:build|run|demo|test)='(.*)'$/gm)].flatMap((match) => match[1]!.split(' '));
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object>;
  const npm = Object.keys({ ...dependencies, ...devDependencies });
  assert.deepEqual([...debian, ...npm].filter((name) => !text.includes(`\`${name}\``)), []);
});

/** Options of other programs that the pages mention. */
const OTHERS = new Set(['build-sea', 'capability', 'help', 'many', 'only', 'system-call-filter', 'textmode']);

function operatorPages(): Page[] {
  return pages().filter(({ file }) => /^(README|SECURITY|CHANGELOG)\.md$|^docs\//.test(file) && !NOT_ABOUT_WHAT_IS_THERE.includes(file));
}

function flagsOf(command: CommandSpec): Set<string> {
  const own = command.flags.map(({ name }) => name);
  const children = (command.commands ?? []).filter(({ later }) => !later);
  return new Set([...own, ...children.flatMap((child) => [...flagsOf(child)])]);
}

test('docs/differences-from-rkt.md, what is not there yet, is what the command table says; write it with scripts/docs.ts', () => {
  const page = pages().find(({ file }) => file === 'docs/differences-from-rkt.md')!;
  assert.equal(fillInNotYet(page.text), page.text);
  assert.match(page.text, /command "rkt api-service" is not available/);
});

test('commandLinesIn, a unit file and a pipe, finds each command line without its end', () => {
  assert.deepEqual(commandLinesIn('ExecStart=/usr/bin/rkt run --name=a x'), [['run', '--name=a', 'x']]);
  assert.deepEqual(commandLinesIn('uuid=$(rkt prepare x) && rkt list | wc'), [['prepare', 'x'], ['list']]);
  assert.deepEqual(commandLinesIn('rkt enter $UUID sh   # a shell'), [['enter', '$UUID', 'sh']]);
});
