/** The stage1 contract: types, argument rendering and parsing, file names, entrypoints. */
export type * from './types.ts';
export { stage1Layout } from './layout.ts';
export { INTERFACE_VERSION, parseRunArgs, renderRunArgs } from './run-args.ts';
export { ENTRYPOINT, INTERFACE_VERSION_ANNOTATION, LOCK_FD_VARIABLE } from './entrypoints.ts';
