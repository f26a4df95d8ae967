import type { RuntimeApp } from '#appc';
import { planStreams, type StreamsOfPod } from './app-streams.ts';
import { memoryEventsFile, processesFile } from './cgroup-view.ts';
import { appCgroup } from './pod-paths.ts';
import type { SupervisedApp } from './supervisor.ts';
import { upkeepArguments } from './upkeep.ts';

export interface SupervisedPod extends StreamsOfPod {
  readonly cgroup: string | undefined;
}

/** What the supervisor must know of an app whose bundle has been written. */
export function superviseApp({ cgroup: ofPod, ...pod }: SupervisedPod, { name, app, ...rest }: RuntimeApp): SupervisedApp {
  const cgroup = ofPod === undefined ? undefined : appCgroup(ofPod, name);
  return {
    name,
    streams: planStreams(pod, { name, ...(app && { app }), ...rest }).words,
    handlers: (app?.eventHandlers ?? []).map((handler) => handler.name),
    ...(cgroup !== undefined && { memoryEvents: memoryEventsFile(cgroup) }),
    // The pod goes on when an app has ended: what that has left behind must not.
    ...(cgroup !== undefined && pod.mutable && { processes: processesFile(cgroup) }),
    upkeep: upkeepArguments({ name, ...(app && { app }), ...rest }),
  };
}
