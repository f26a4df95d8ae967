import { listPods, openPod, type Pod } from '#pod';
import { stage1Layout } from '#stage1/abi';
import { type Hierarchy, readCgroupUsage, readHierarchies } from '#sys';
import type { EngineParts } from './parts.ts';
import { requireRunning } from './require-running.ts';
import type { PodUsageView } from './views.ts';

/** `rkt stats` and `rkt top`: what the apps that run have used till now, in these pods, or in all that run. */
export function usage(parts: EngineParts, pods: readonly string[]): PodUsageView[] {
  const hierarchies = readHierarchies();
  if (pods.length > 0) return pods.map((text) => usageOf(parts, text, hierarchies));
  const all: PodUsageView[] = [];
  for (const pod of listPods(parts.dataDir, ['run'])) if (pod.state === 'running') all.push(podUsage(pod, hierarchies));
  return all;
}

function usageOf(parts: EngineParts, text: string, hierarchies: readonly Hierarchy[]): PodUsageView {
  using pod = openPod(parts.dataDir, text);
  requireRunning(pod, 'is not running');
  return podUsage(pod, hierarchies);
}

function podUsage(pod: Pod, hierarchies: readonly Hierarchy[]): PodUsageView {
  const cgroup = pod.cgroup();
  const name = pod.podName();
  const running = pod.apps().filter(({ state }) => state === 'running');
  const apps = running.map((app) => {
    const used = cgroup === undefined ? undefined : readCgroupUsage(`${cgroup}/${stage1Layout.appCgroup(app.name)}`, hierarchies);
    return { name: app.name, ...used, measuredAt: process.hrtime.bigint() };
  });
  return { uuid: pod.uuid, ...(name === undefined ? {} : { name }), apps };
}
