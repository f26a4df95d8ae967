import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The sources as the rules see them: who a file belongs to and what it asks for. */

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Source {
  /** Relative to the repository: `src/pod/phase.ts`. */
  readonly path: string;
  /** `pod`, `stage1/oci`; undefined outside `src/`. */
  readonly room: string | undefined;
  /** A test, or what only tests use: `x-fixture.ts`, `testing/`. */
  readonly isTest: boolean;
  readonly text: string;
  /** The text without comments, and with strings left in. */
  readonly code: string;
  /** Every module it names: import, export … from, import(), require(). Types too. */
  readonly imports: readonly string[];
}

const ROOMS_OF_ROOMS = new Set(['stage1']);

export function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  if (parts[0] !== 'src' || parts.length < 3) return undefined;
  const [, first = '', second = ''] = parts;
  return ROOMS_OF_ROOMS.has(first) ? `${first}/${second}` : first;
}

/** Comments become spaces; a `//` inside quotes is kept. */
export function withoutComments(text: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(token, (found) => (found.startsWith('/*') || found.startsWith('//') ? ' ' : found));
}

export function importsOf(code: string): string[] {
  const patterns = [
    /(?:^|[\n;}])\s*(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]/g,
    /(?:^|[\n;}])\s*import\s*['"]([^'"]+)['"]/g,
    /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
    /\brequire\(\s*['"]([^'"]+)['"]\s*\)/g,
    /\bcreateRequire\([^)]*\)\(\s*['"]([^'"]+)['"]\s*\)/g,
  ];
  const found = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
  return [...new Set(found)];
}

/** Every TypeScript file below a directory of the repository; none where the directory is missing. */
export function readSources(directory: string): Source[] {
  return filesBelow(join(root, directory))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => toSource(relative(root, path), readFileSync(path, 'utf8')));
}

export function toSource(path: string, text: string): Source {
  const code = withoutComments(text);
  return { path, room: roomOf(path), isTest: /(\.test|[.-]fixture)\.ts$|\/testing\//.test(path), text, code, imports: importsOf(code) };
}

export function filesBelow(directory: string): string[] {
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
