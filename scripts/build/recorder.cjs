// The main script of an executable that is made during the build only. `--record FILE COMMANDS` runs several
// command lines of the program, one after another, and writes what V8 compiled for them; with other arguments
// it is the program, so that the program can start itself.
const { getRawAsset } = require('node:sea');
const { writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const source = Buffer.from(getRawAsset('program')).latin1Slice();
const script = new Script(source, { filename: 'rkt.cjs' });
const program = script.runInThisContext();

if (process.argv[2] === '--record') record(process.argv[3], JSON.parse(process.argv[4]));
else program(require);

function record(path, commands) {
  const exit = process.exit;
  const rest = commands.values();
  const next = () => {
    for (const event of ['uncaughtException', 'unhandledRejection', 'beforeExit']) process.removeAllListeners(event);
    const { value, done } = rest.next();
    if (done) {
      writeFileSync(path, script.createCachedData());
      exit.call(process, 0);
    }
    process.argv = [process.argv[0], process.argv[1], ...value];
    program(require);
  };
  process.exit = () => setImmediate(next);
  // A pod would take the place of this process: up to here is what is to be recorded.
  process.execve = () => {
    throw new Error('recorded');
  };
  next();
}
