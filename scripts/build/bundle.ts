import { copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { openDoors } from './doors.ts';
import { joinChunks } from './join-chunks.ts';
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

const BESIDE = 'beside:';

/**
 * OpenPGP.js is LGPL and large: it is not part of the executable but a file beside it that anyone may
 * replace. The sigstore libraries are large and seldom needed: they are another file. Both are loaded at the first use.
 */
const beside: Plugin = {
  name: 'beside',
  setup({ onResolve }) {
    onResolve({ filter: /^openpgp$/ }, () => ({ path: `${BESIDE}openpgp.mjs`, external: true }));
    onResolve({ filter: /^@sigstore\// }, ({ path }) => ({ path: `${BESIDE}sigstore.cjs:${path}`, external: true }));
  },
};

function loadOutside(name: string): string {
  if (!name.startsWith(BESIDE)) return `require(${JSON.stringify(name)})`;
  const [file = '', part] = name.slice(BESIDE.length).split(':');
  const exports = `require('node:module').createRequire(process.execPath)(${JSON.stringify(`./${file}`)})`;
  return part === undefined ? exports : `${exports}[${JSON.stringify(part)}]`;
}

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
 * Bundles the program into one script, and puts into `dist` what it loads from beside it. Modules
 * that only an `import()` names are evaluated when it runs. Gives the path of the file.
 */
export async function bundle(dist: string, entry = join(root, ENTRY)): Promise<string> {
  copyFileSync(join(root, OPENPGP), join(dist, 'openpgp.mjs'));
  await bundleSigstore(dist);
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir: dist,
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    minifySyntax: true,
    legalComments: 'none',
    define: {
      'import.meta.url': '__moduleUrl',
      'import.meta.filename': '__moduleFile',
      'import.meta.dirname': '__moduleDirectory',
    },
    plugins: [beside, openDoors],
  });
  const chunks = outputFiles.map(({ path, text }) => ({ name: basename(path), text }));
  const { code } = await transform(`'use strict';\n${prologue}\n${joinChunks(chunks, 'main.js', loadOutside)}`, { minifyWhitespace: true, target: 'node26' });
  const path = join(dist, 'rkt.cjs');
  writeFileSync(path, code);
  return path;
}
