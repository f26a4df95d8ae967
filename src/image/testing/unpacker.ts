import { unpackerMain } from '#store';
import { fetcherMain } from '../confined/fetcher.ts';

/** The program that a store and a context of the tests start confined. */
const [command, ...args] = process.argv.slice(2);
process.exit(command === '__fetch' ? await fetcherMain() : await unpackerMain(args));
