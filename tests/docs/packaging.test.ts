import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandLinesIn } from '../../scripts/docs/pages.ts';
import { parseCommandLine } from '../../src/cli/parse/command-line.ts';

const directory = join(import.meta.dirname, '../../packaging/systemd');
const units = readdirSync(directory).filter((name) => /\.(service|socket|timer)$/.test(name));
const textOf = (unit: string): string => readFileSync(join(directory, unit), 'utf8');

/** `Environment=NAME=VALUE` put in where `${NAME}` stands, as systemd does. */
function withEnvironment(text: string): string {
  const values = new Map([...text.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
  return text.replaceAll(/\$\{(\w+)\}/g, (all, name: string) => values.get(name) ?? all);
}

test('the units, every command line of rkt in them, parses', () => {
  const lines = units.flatMap((unit) => withEnvironment(textOf(unit)).split('\n').flatMap((line) => commandLinesIn(line)));
  assert.ok(lines.length >= 3);
  for (const words of lines) assert.doesNotThrow(() => parseCommandLine(words), words.join(' '));
});

test('the units, a timer and a socket, have their service, twice a day and a day of grace', () => {
  for (const unit of units) assert.ok(units.includes(unit.replace(/\.(socket|timer)$/, '.service')), unit);
  assert.match(textOf('rkt-gc.timer'), /^OnUnitActiveSec=12h$/m);
  assert.match(textOf('rkt-gc.service'), /^Environment=GRACE_PERIOD=24h$/m);
});
