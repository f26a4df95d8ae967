import type { TestEvent } from 'node:test/reporters';

/** A reporter for node:test that says how many tests could not run here, which, and why. */
export default async function* reportSkips(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skipped: string[] = [];
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, skip } = event.data;
    if (skip === undefined || skip === false) continue;
    skipped.push(`  ${name}: ${typeof skip === 'string' && skip !== '' ? skip : 'NO REASON GIVEN'}`);
  }
  yield skipped.length === 0 ? 'every test ran, none was skipped\n' : `${skipped.length} tests could not run here:\n${skipped.join('\n')}\n`;
}
