import type { Blocks } from './tour.ts';

const BLOCK = /<!-- block: ([a-z-]+) -->\n```\n((?:.*\n)*?)```\n/g;

/** The blocks that a page has, by name. */
export function blocksOf(page: string): Map<string, string> {
  return new Map([...page.matchAll(BLOCK)].map(([, name, text]) => [name!, text!.trimEnd()]));
}

/** The page with every block's text replaced. @throws {Error} where it names a block there is not */
export function fillIn(page: string, blocks: Blocks): string {
  return page.replaceAll(BLOCK, (_, name: string) => {
    const text = blocks.get(name);
    if (text === undefined) throw new Error(`the tour has no block ${name}`);
    return `<!-- block: ${name} -->\n\`\`\`\n${text}\n\`\`\`\n`;
  });
}

/** What a list of files says on any machine and at any time: without the digits of UUIDs and hashes. */
export function withoutHashes(list: string): string[] {
  const lines = list.split('\n').map((line) => line.replaceAll(/\/[0-9a-f]{2}\/sha512-/g, '/XX/sha512-').replaceAll(/[0-9a-f]{12}…/g, '…'));
  return lines.map((line) => line.replace(/seccomp\/[0-9a-f]{8}$/, 'seccomp/…').trimEnd()).sort();
}
