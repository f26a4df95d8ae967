// The executable's main script: evaluates the bundled program with the code that V8 had compiled for it.
const { getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const source = Buffer.from(getRawAsset('program')).latin1Slice();
const script = new Script(source, { filename: 'rkt.cjs', cachedData: Buffer.from(getRawAsset('code-cache')) });
script.runInThisContext()(require);
