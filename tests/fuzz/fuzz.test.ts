import { test } from 'node:test';
import { fuzz } from './target.ts';
import { targets } from './targets.ts';

/** Always the same cases: what is new is found by `npm run fuzz`. */
const SEED = 1;
const SECONDS = 0.7;
/** Each of its cases starts a program. */
const UNPACKER_SECONDS = 3;
const skip = process.getuid!() === 0 ? false : 'not root';

for (const target of targets) {
  test(`${target.name}, whatever it is fed, answers or refuses in time`, { skip: target.name === 'unpacker' ? skip : false }, async (t) => {
    const { cases, refused } = await fuzz(target, { seconds: target.name === 'unpacker' ? UNPACKER_SECONDS : SECONDS, seed: SEED });
    t.diagnostic(`${cases} cases, ${refused} refused`);
  });
}
