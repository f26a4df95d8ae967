/** The stage1 contract: types, argument rendering and parsing, file names, statuses. */
export type * from './types.ts';
export { stage1Layout } from './layout.ts';
