/** The verbs of rkt on pods and images; what the command line and every service call. */
export type * from './engine.ts';
export type * from './requests.ts';
export type * from './views.ts';
export type { AttachedCaller } from '#stage1/abi';
export type { EngineParts, HostNetworks, MetadataRegistry } from './parts.ts';
export { copyTreeMain } from './copy-tree.ts';
export { createEngine } from './create-engine.ts';
export { Stage0Error, type Stage0ErrorCode } from './error.ts';
