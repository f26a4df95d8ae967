import { createRequire } from 'node:module';

/** A file of a bundle that was split where the sources have `import()`. */
export interface Chunk {
  readonly name: string;
  /** An ECMAScript module as esbuild prints it, unminified: a statement begins a line. */
  readonly text: string;
}

/** How what is not a chunk is loaded: an expression that gives its exports. */
export type Outside = (name: string) => string;

/** Loaded by Node before any program starts, so that there is nothing to put off. */
const ALREADY_LOADED = new Set(['buffer', 'events', 'fs', 'path', 'process', 'timers', 'url', 'util'].map((name) => `node:${name}`));

const IMPORT = /^import (?:\{([^}]*)\} from )?"([^"]+)";$/gm;
const DEFAULT_IMPORT = /^import (\w+) from "([^"]+)";$/gm;
const EXPORT = /^export \{([^}]*)\};$/gm;
const DEFAULT_EXPORT = /^export default (.*);$/gm;
const IMPORT_LATER = /\bimport\("(?:\.\/)?([^"]+)"\)/g;
const LEFT = /^(?:import|export) .*$|\bimport\(.*$/m;

const require = createRequire(import.meta.url);

/**
 * Joins chunks to one script, which needs a `require`. Each becomes a function that runs when the first of its exports
 * is wanted: V8 takes nothing in of those that a command has no use for.
 *
 * Node's own modules are loaded when something of theirs is first called, not when they are imported: `node:crypto`
 * alone takes 8 ms, and most commands never hash anything.
 */
export function joinChunks(chunks: readonly Chunk[], entry: string, outside: Outside = requiring): string {
  const names = new Set(chunks.map(({ name }) => name));
  const source = (from: string): string => {
    const chunk = from.replace(/^\.\//, '');
    return names.has(chunk) ? `__load(${JSON.stringify(chunk)})` : outside(from);
  };
  const functions = chunks.map(({ name, text }) => `${JSON.stringify(name)}() {\n${asFunction(text, source)}\n}`);
  return [
    'const __loaded = {};',
    'const __load = (name) => (__loaded[name] ??= __chunks[name]());',
    'const __later = async (load) => load();',
    `const __chunks = {\n${functions.join(',\n')}\n};`,
    `__load(${JSON.stringify(entry)});`,
  ].join('\n');
}

function asFunction(text: string, source: Outside): string {
  const exported: string[] = [];
  const take = (list: string): string => (exported.push(...entries(list, (local, name) => `${name}: ${local}`)), '');
  const body = text
    .replace(EXPORT, (_, list: string) => take(list))
    .replace(DEFAULT_EXPORT, (_, value: string) => (exported.push(`default: ${value}`), ''))
    .replace(DEFAULT_IMPORT, (_, local: string, from: string) => `const ${local} = ${source(from)};`)
    .replace(IMPORT, (_, list: string | undefined, from: string) => importing(list ?? '', from, source))
    .replace(IMPORT_LATER, (_, name: string) => `__later(() => ${source(name)})`);
  const left = LEFT.exec(body);
  if (left !== null) throw new Error(`a chunk has what cannot be joined: ${left[0]}`);
  return `${body}\nreturn { ${exported.join(', ')} };`;
}

function importing(list: string, from: string, source: Outside): string {
  if (!from.startsWith('node:') || ALREADY_LOADED.has(from)) return `const { ${entries(list, (name, local) => `${name}: ${local}`).join(', ')} } = ${source(from)};`;
  return entries(list, (name, local) => `const ${local} = ${lazily(from, name)};`).join(' ');
}

/** A class or a value is needed as it is. */
function lazily(from: string, name: string): string {
  const isFunction = typeof (require(from) as Record<string, unknown>)[name] === 'function' && /^[a-z]/.test(name);
  return isFunction ? `(...given) => ${requiring(from)}.${name}(...given)` : `${requiring(from)}.${name}`;
}

function requiring(name: string): string {
  return `require(${JSON.stringify(name)})`;
}

/** Each `a as b` of a list, or `a`, which is `a as a`. */
function entries(list: string, render: (from: string, to: string) => string): string[] {
  const items = list.split(',').map((item) => item.trim()).filter((item) => item !== '');
  return items.map((item) => {
    const [from = '', to = from] = item.split(' as ');
    return render(from, to);
  });
}
