import type { RuntimeApp } from '#appc';
import { memoryEventsFile, processesFile } from './cgroup-view.ts';
import { appCgroup } from './pod-paths.ts';
import type { SupervisedApp } from './supervisor.ts';
import { upkeepArguments } from './upkeep.ts';

export interface SupervisedPod {
  readonly uuid: string;
  readonly stdin: SupervisedApp['stdin'];
  /** The pod goes on when an app has ended: what that has left behind must not. */
  readonly mutable: boolean;
}

/** What the supervisor must know of an app whose bundle has been written. */
export function superviseApp({ uuid, stdin, mutable }: SupervisedPod, { name, app, ...rest }: RuntimeApp): SupervisedApp {
  const cgroup = appCgroup(uuid, name);
  return {
    name,
    stdin,
    handlers: (app?.eventHandlers ?? []).map((handler) => handler.name),
    memoryEvents: memoryEventsFile(cgroup),
    ...(mutable && { processes: processesFile(cgroup) }),
    upkeep: upkeepArguments({ name, ...(app && { app }), ...rest }),
  };
}
