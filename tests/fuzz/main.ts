import { parseArgs } from 'node:util';
import { fuzz } from './target.ts';
import { targets } from './targets.ts';

/** `npm run fuzz -- --seconds=N [--only=TARGET] [--seed=N]`: feeds each target for its share of the time. */
const { values } = parseArgs({ options: { seconds: { type: 'string' }, only: { type: 'string' }, seed: { type: 'string' } } });
const chosen = targets.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`there is no target "${values.only}": ${targets.map(({ name }) => name).join(', ')}`);
const seconds = Number(values.seconds ?? 60) / chosen.length;
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
for (const target of chosen) {
  try {
    const { cases, refused, slowestMs } = await fuzz(target, { seconds, seed });
    console.log(`${target.name}: ${cases} cases, ${refused} refused, the slowest ${slowestMs} ms`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
