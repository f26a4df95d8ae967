import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { lazyBuiltins } from './lazy-builtins.ts';
import { root } from './root.ts';

const ENTRY = 'src/cli/main.ts';
const OPENPGP = 'node_modules/openpgp/dist/node/openpgp.min.mjs';

const SIGSTORE = ['bundle', 'protobuf-specs', 'verify'] as const;

/** Inside the executable there are no source files: what a module's URL leads to lies beside the executable. */
const prologue = [
  'const __moduleFile = process.execPath;',
  'const __moduleUrl = "file://" + encodeURI(__moduleFile);',
  'const __moduleDirectory = __moduleFile.slice(0, __moduleFile.lastIndexOf("/"));',
].join('\n');

/**
 * OpenPGP.js is LGPL and large: it is not part of the executable but a file beside it that anyone may
 * replace. `await import('openpgp')` in the sources loads it from there, at the first use.
 */
const openpgpBeside: Plugin = {
  name: 'openpgp-beside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^openpgp$/ }, () => ({ path: 'openpgp', namespace: 'beside' }));
    onLoad({ filter: /.*/, namespace: 'beside' }, () => ({
      contents: `module.exports = require('node:module').createRequire(process.execPath)('./openpgp.mjs');`,
      loader: 'js',
    }));
  },
};

/** The sigstore libraries are large and seldom needed: they are one file beside the executable. */
const sigstoreBeside: Plugin = {
  name: 'sigstore-beside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@sigstore\// }, ({ path }) => ({ path, namespace: 'sigstore-beside' }));
    onLoad({ filter: /.*/, namespace: 'sigstore-beside' }, ({ path }) => ({
      contents: `module.exports = require('node:module').createRequire(process.execPath)('./sigstore.cjs')[${JSON.stringify(path)}];`,
      loader: 'js',
    }));
  },
};

async function bundleSigstore(dist: string): Promise<void> {
  const names = SIGSTORE.map((name) => JSON.stringify(`@sigstore/${name}`));
  await build({
    stdin: { contents: names.map((name) => `exports[${name}] = require(${name});`).join('\n'), resolveDir: root, loader: 'js' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    minify: true,
    legalComments: 'inline',
    outfile: join(dist, 'sigstore.cjs'),
  });
}

/**
 * Bundles the program into one CommonJS file, and puts into `dist` what it loads from beside it. Modules
 * that only an `import()` names are evaluated when it runs. Gives the path of the file.
 */
export async function bundle(dist: string, entry = join(root, ENTRY)): Promise<string> {
  copyFileSync(join(root, OPENPGP), join(dist, 'openpgp.mjs'));
  await bundleSigstore(dist);
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    supported: { 'dynamic-import': false },
    define: {
      'import.meta.url': '__moduleUrl',
      'import.meta.filename': '__moduleFile',
      'import.meta.dirname': '__moduleDirectory',
    },
    plugins: [openpgpBeside, sigstoreBeside, lazyBuiltins],
  });
  const path = join(dist, 'rkt.cjs');
  writeFileSync(path, `${prologue}\n${result.outputFiles[0]!.text}`);
  return path;
}
