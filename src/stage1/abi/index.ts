/** The stage1 contract: types, argument rendering and parsing, file names, entrypoints. */
export type * from './types.ts';
export { defaultHosts } from './default-hosts.ts';
export { rootfsFiles, stage1Layout } from './layout.ts';
export { INTERFACE_VERSION, parseRunArgs, renderRunArgs } from './run-args.ts';
export { CROSSING, ENTRYPOINT, type Entrypoint, INTERFACE_VERSION_ANNOTATION, LOCK_FD_VARIABLE, PROGRAM_VARIABLE, SELINUX } from './entrypoints.ts';
