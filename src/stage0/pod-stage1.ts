import { readFileSync } from 'node:fs';
import { parseImageManifest } from '#appc';
import { messageOf } from '#errors';
import { type Pod, podFiles } from '#pod';
import type { Flavor, FlavorContext } from '#stage1/abi';
import { Stage0Error } from './error.ts';
import { planStage1Mount } from './overlay.ts';
import type { EngineParts } from './parts.ts';

/** The stage1 that comes with this rkt. */
export const DEFAULT_STAGE1 = 'coreos.com/rkt/stage1-oci';

interface PodStage1 {
  readonly flavor: Flavor;
  readonly context: FlavorContext;
}

/**
 * The flavor a pod was prepared with, and where it finds things.
 *
 * With `orDefault` a pod whose files were cut off by a crash of the machine gets the default flavor, which
 * can still clean up after it.
 */
export async function podStage1(
  parts: EngineParts,
  pod: Pod,
  options: { readonly orDefault?: boolean } = {},
): Promise<PodStage1> {
  try {
    return await recordedStage1(parts, pod);
  } catch (error) {
    if (options.orDefault !== true) throw error;
    parts.listener.debug(`pod "${pod.uuid}" is cleared as one of the default stage1: ${messageOf(error)}`);
    return { flavor: await parts.flavor(DEFAULT_STAGE1), context: contextOf(parts, pod, '') };
  }
}

async function recordedStage1(parts: EngineParts, pod: Pod): Promise<PodStage1> {
  const { name } = parseImageManifest(readFileSync(pod.file(podFiles.stage1Manifest), 'utf8'));
  const tree = parts.store().openTree(pod.stage1TreeId() ?? '');
  if (tree === undefined) {
    throw new Stage0Error('no-stage1', `pod "${pod.uuid}" was prepared with the stage1 ${name}, which this rkt has not`);
  }
  const flavor = await parts.flavor(name);
  const own = flavor.kind === 'image' ? planStage1Mount(pod, tree) : undefined;
  return { flavor, context: { ...contextOf(parts, pod, tree.lowerDirs[0]!), ...(own && { tree: own }) } };
}

function contextOf(parts: EngineParts, pod: Pod, stage1Root: string): FlavorContext {
  const warn = parts.listener.warn.bind(parts.listener);
  const program = parts.self.args.length === 0 ? { program: parts.self.path } : {};
  return { podDir: pod.path, stage1Root, lockFd: -1, ...program, selinux: undefined, warn };
}
