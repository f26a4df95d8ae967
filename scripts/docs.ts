/** Writes docs/commands and the list in docs/differences-from-rkt.md from the command table: `scripts/node scripts/docs.ts`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandPages } from '../src/cli/output/command-page.ts';
import { fillInNotYet } from './docs/not-yet.ts';

const docs = join(import.meta.dirname, '../docs');
mkdirSync(join(docs, 'commands'), { recursive: true });
for (const { content, file } of commandPages()) writeFileSync(join(docs, 'commands', file), content);
const differences = join(docs, 'differences-from-rkt.md');
writeFileSync(differences, fillInNotYet(readFileSync(differences, 'utf8')));
