/** Writes docs/commands from the command table: `scripts/node scripts/docs.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandPages } from '../src/cli/output/command-page.ts';

const directory = join(import.meta.dirname, '../docs/commands');
mkdirSync(directory, { recursive: true });
for (const { content, file } of commandPages()) writeFileSync(join(directory, file), content);
