import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCommandLine } from '../parse/command-line.ts';
import { rkt } from '../flags/table.ts';
import type { CommandSpec } from '../flags/spec.ts';
import { commandPages } from './command-page.ts';

const directory = join(import.meta.dirname, '../../../docs/commands');

test('docs/commands, every page, is what the table says; write them with scripts/docs.ts', () => {
  const pages = commandPages();
  assert.deepEqual(readdirSync(directory).sort(), pages.map(({ file }) => file).sort());
  for (const { content, file } of pages) assert.equal(readFileSync(join(directory, file), 'utf8'), content, file);
});

test('the examples, every rkt in them, is a command line that parses', () => {
  for (const text of examplesOf(rkt)) {
    for (const line of text.split('\n')) {
      const words = /(?:^|[(/])rkt ([^|)']*)/.exec(line)?.[1]?.trim();
      if (words !== undefined) assert.ok(parseCommandLine(words.replaceAll('"', '').split(' ')).path.length > 1, line);
    }
  }
});

function examplesOf({ commands = [], examples = [] }: CommandSpec): string[] {
  return [...examples.map(({ text }) => text), ...commands.flatMap(examplesOf)];
}
