import { closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type RunArgs, stage1Layout } from '#stage1/abi';
import { type AppPlan, hostPathOf } from '#stage1/apps';
import { makeReadOnly, mount, MS } from '#sys';
import type { PodApp } from './pod-app.ts';

/** What an app sees of the host whatever it is. */
const HOST = ['/dev', '/proc', '/sys'];

/** Mounts what the app sees of the host, and its volumes. In mounts of the pod's own. */
export function mountForApp({ podDir, rootfs }: PodApp, plan: AppPlan, modes: RunArgs['dnsConfMode']): void {
  if (plan.readOnlyRootfs) bind(rootfs, rootfs, { readOnly: false, recursive: false });
  for (const path of HOST) bind(path, placeIn(rootfs, path, 'directory'), { readOnly: false, recursive: true });
  mount({ source: 'tmpfs', target: placeIn(rootfs, '/tmp', 'directory'), type: 'tmpfs', data: 'mode=1777' });
  for (const { readOnly, recursive, source, target } of plan.mounts) bind(source, rootfs + target, { readOnly, recursive });
  const files = [[modes.resolv, '/etc/resolv.conf', stage1Layout.resolvConf], [modes.hosts, '/etc/hosts', stage1Layout.hosts]] as const;
  for (const [mode, path, own] of files) {
    if (mode === 'host') bind(path, placeIn(rootfs, path, 'file'), { readOnly: true, recursive: false });
    if (mode === 'stage0') bind(`${podDir}/${own}`, placeIn(rootfs, path, 'file'), { readOnly: true, recursive: false });
  }
  // Last: places had to be made.
  if (plan.readOnlyRootfs) makeReadOnly(rootfs, { deep: false });
}

function bind(source: string, target: string, { readOnly, recursive }: { readonly readOnly: boolean; readonly recursive: boolean }): void {
  const flags = MS.BIND | (recursive ? MS.REC : 0n);
  mount({ source, target, type: 'none', flags });
  if (readOnly) makeReadOnly(target, { deep: recursive });
}

/** Where a path of the app is, made if it is not there: links of the image never lead out of its root. */
function placeIn(rootfs: string, path: string, kind: 'directory' | 'file'): string {
  const place = hostPathOf(rootfs, path);
  mkdirSync(kind === 'directory' ? place : dirname(place), { recursive: true });
  if (kind === 'file' && lstatSync(place, { throwIfNoEntry: false }) === undefined) closeSync(openSync(place, 'wx', 0o644));
  return place;
}
