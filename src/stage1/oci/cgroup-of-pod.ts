import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf } from '#errors';
import { podFiles } from '#pod';
import { stage1Layout } from '#stage1/abi';
import { isRootless, readTextIfExists } from '#sys';
import { podCgroup } from './pod-paths.ts';

/**
 * Chooses the cgroup of a pod that is being started, and writes it down, for `rkt stats` and for whoever collects the
 * pod. Relative to the root of each hierarchy. Undefined where there is none to be had: without root.
 *
 * Below what was delegated: by whoever started a user who is not root, or by systemd to the unit that the pod is.
 */
export async function openPodCgroup(podDir: string, uuid: string, warn: (text: string) => void): Promise<string | undefined> {
  const isUser = isRootless();
  const delegated = isUser || isUnit() ? await makeDelegated(podDir, uuid, warn) : undefined;
  return delegated ?? (isUser ? undefined : note(podDir, podCgroup(uuid)));
}

/** This is the very process that systemd has executed (systemd.exec(5)): what else is in the unit's cgroup is its own. */
function isUnit(): boolean {
  return process.env['SYSTEMD_EXEC_PID'] === String(process.pid);
}

async function makeDelegated(podDir: string, uuid: string, warn: (text: string) => void): Promise<string | undefined> {
  const { divideDelegated, ownDelegated } = await import('./delegated-cgroup.ts');
  const delegated = ownDelegated();
  if (delegated === undefined) return undefined;
  const cgroup = note(podDir, `${delegated}/${podCgroup(uuid)}`);
  try {
    divideDelegated(delegated, [...podCgroup(uuid).split('/'), stage1Layout.appCgroups]);
    return cgroup;
  } catch (error) {
    warn(`warning: the pod's cgroup cannot be below /${delegated}: ${messageOf(error)}`);
    return undefined;
  }
}

function note(podDir: string, cgroup: string): string {
  writeFileSync(`${podDir}/${podFiles.subcgroup}`, cgroup);
  return cgroup;
}

/** The cgroup that {@link openPodCgroup} has chosen. */
export function cgroupOfPod(podDir: string): string | undefined {
  const own = podCgroup(basename(podDir));
  const noted = readTextIfExists(`${podDir}/${podFiles.subcgroup}`)?.trim() ?? '';
  // Half a name, as a crash may leave it, would be that of others as well.
  if (noted.endsWith(`/${own}`) && !noted.split('/').includes('..')) return noted;
  return isRootless() ? undefined : own;
}
