import { createRequire, isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

/** Loaded by Node before any program starts, so that there is nothing to put off. */
const ALREADY_LOADED = new Set(['buffer', 'events', 'fs', 'path', 'process', 'timers', 'url', 'util']);

const NAMESPACE = 'lazy-builtin';
const require = createRequire(import.meta.url);

/**
 * Node's own modules are loaded when something of theirs is first used, not when they are imported:
 * `node:crypto` alone takes 8 ms, and most commands never hash anything. An import becomes an object
 * of getters; what a module needs while it is evaluated (`extends Transform`) it still gets at once.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, namespace }) => {
      const lazy = isBuiltin(path) && !ALREADY_LOADED.has(path.slice('node:'.length)) && namespace !== NAMESPACE;
      return lazy ? { path, namespace: NAMESPACE } : { path, external: true };
    });
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({ contents: getters(path), loader: 'js' }));
  },
};

function getters(path: string): string {
  const names = JSON.stringify(Object.keys(require(path) as object));
  const get = `() => require(${JSON.stringify(path)})[name]`;
  return `for (const name of ${names}) Object.defineProperty(exports, name, { enumerable: true, get: ${get} });`;
}
