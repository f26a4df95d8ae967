import { fchownSync, fstatSync, openSync } from 'node:fs';
import { messageOf } from '#errors';
import { parseIdRange } from '#pod';
import type { RunArgs } from '#stage1/abi';
import { createUserNamespace, type IdRange } from '#sys';
import { OciStage1Error } from './errors.ts';
import { namespaceFds } from './namespaces.ts';

/** The user namespace of a pod, made before anything that is to belong to it. */
export interface PodUsers {
  readonly range: IdRange;
  /** Open descriptors: of the namespace, and of a network namespace that belongs to it. */
  readonly fd: number;
  readonly networkFd?: number;
}

/** @throws {OciStage1Error} 'no-user-namespace' */
export async function openPodUsers(args: RunArgs): Promise<PodUsers | undefined> {
  if (args.privateUsers === '') return undefined;
  const range = parseIdRange(args.privateUsers);
  try {
    const namespace = await createUserNamespace(range, { network: args.net !== 'host' && args.net !== 'none' });
    return { range, ...namespace };
  } catch (cause) {
    throw new OciStage1Error('no-user-namespace', `cannot make a user namespace for the pod: ${messageOf(cause)}`, {
      cause,
      hint: 'see /proc/sys/user/max_user_namespaces, or run the pod without --private-users',
    });
  }
}

/** Those of a pod that runs: its supervisor has their namespace open. */
export function runningUsers({ privateUsers }: RunArgs, supervisorPid: number): PodUsers | undefined {
  if (privateUsers === '') return undefined;
  return { range: parseIdRange(privateUsers), fd: openSync(`/proc/${supervisorPid}/fd/${namespaceFds.user}`, 'r') };
}

/**
 * Gives pipes to the pod's root, so that programs which open /dev/stdout can. Files stay whose they are: what
 * is the host's is not to become the pod's.
 */
export function giveStandardPipes({ shift }: IdRange): void {
  for (const fd of [0, 1, 2]) if (fstatSync(fd).isFIFO()) fchownSync(fd, shift, shift);
}
