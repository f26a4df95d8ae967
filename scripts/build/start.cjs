/*
 * What the executable starts with: it runs the program together with the code that V8 compiled when the build
 * ran typical commands (record.ts). Node's own cache for executables holds no function that is called later.
 */
const { getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const source = Buffer.from(getRawAsset('program')).latin1Slice();
const program = new Script(source, { filename: 'rkt.cjs', cachedData: Buffer.from(getRawAsset('code')) });
program.runInThisContext()(require);
