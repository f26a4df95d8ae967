import { mkdirSync, rmdirSync } from 'node:fs';
import { becomeProcess, findProgram, type IdRange, mountOverlay, runProgram, unshareMounts } from '#sys';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';
import { shiftOwners } from './shift-owners.ts';

/** The hidden first argument by which the program starts itself to copy a tree. */
const COPY_COMMAND = '__copy-tree';

interface CopyRequest {
  /** The top one first; absolute. */
  readonly lowerDirs: readonly string[];
  /** An empty directory to lay them over each other at; gone when the copy is done. */
  readonly merged: string;
  readonly target: string;
}

/**
 * Copies an image's tree, its layers laid over each other, to `target`: a pod without an overlay has its
 * files for itself. Owners, modes, times, links, extended attributes and holes are those of the image; owners
 * as `users` has them, where the pod has a user namespace.
 *
 * @throws {Stage0Error} 'copy-failed'
 */
export async function copyTree(self: EngineParts['self'], lowerDirs: readonly string[], target: string, users?: IdRange): Promise<void> {
  const request: CopyRequest = { lowerDirs, merged: `${target}.merged`, target };
  for (const directory of [target, request.merged]) mkdirSync(directory, { recursive: true });
  try {
    const { status, stderr } = await runProgram(self.path, [...self.args, COPY_COMMAND, JSON.stringify(request)]);
    if (status !== 0) {
      throw new Stage0Error('copy-failed', `cannot copy the files of the image to ${target}: ${stderr.trim() || `status ${status}`}`);
    }
    if (users !== undefined) shiftOwners(target, users);
  } finally {
    rmdirSync(request.merged);
  }
}

/** The copying process. Its mounts are its own and go with it, however it ends. */
export function copyTreeMain(argv: readonly string[]): never {
  const { lowerDirs, merged, target } = JSON.parse(argv[0] ?? '') as CopyRequest;
  const path = findProgram('cp');
  if (path === undefined) throw new Error('there is no program cp');
  unshareMounts();
  mountOverlay({ target: merged, lowerDirs });
  return becomeProcess({ path, argv: ['cp', '--archive', '--reflink=auto', '--', `${merged}/.`, target], env: { LC_ALL: 'C' } });
}
