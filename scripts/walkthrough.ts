/** Writes the blocks of docs/walkthrough.md from a pod run on this machine, as root: `scripts/node scripts/walkthrough.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillIn } from './walkthrough/blocks.ts';
import { takeTour } from './walkthrough/tour.ts';

const file = join(import.meta.dirname, '../docs/walkthrough.md');
writeFileSync(file, fillIn(readFileSync(file, 'utf8'), await takeTour()));
