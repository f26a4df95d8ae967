import { unpackerMain } from '#store';

/** The program a store of the tests starts to unpack. */
process.exitCode = await unpackerMain(process.argv.slice(3));
