import { healthWordsOf, RESTART_ANNOTATION, type RuntimeApp } from '#appc';
import { podFiles } from './layout.ts';
import type { PodDirectory } from './pod-directory.ts';

/** Of an app that is started again when it has ended. */
export interface AppRestarts {
  /** Starts after the first. */
  readonly count: number;
  readonly lastExitCode: number;
  /** It has ended, and its next start is waited for. */
  readonly waiting: boolean;
}

/** Of an app that is probed. */
export interface AppHealth {
  /** `starting`: no probe has passed yet since it was started. */
  readonly state: 'starting' | 'healthy' | 'unhealthy';
  /** Probes that have failed since one passed. */
  readonly failures: number;
  /** The first line of what the last probe said. */
  readonly output: string;
}

export interface AppUpkeep {
  readonly restarts?: AppRestarts;
  readonly health?: AppHealth;
}

/** What the supervisor wrote of an app that has a restart policy or is probed; of any other nothing is read. */
export function readAppUpkeep(directory: PodDirectory, app: RuntimeApp): AppUpkeep {
  const probed = Object.keys(healthWordsOf(app)).length > 0;
  if (!probed && !(app.annotations ?? []).some(({ name }) => name === RESTART_ANNOTATION)) return {};
  const restarts = parseRestarts(directory.rareText(directory.inStage1(podFiles.restarts(app.name))));
  const health = probed ? parseHealth(directory.rareText(directory.inStage1(podFiles.health(app.name)))) : undefined;
  return { ...(restarts && { restarts }), ...(health && { health }) };
}

function parseRestarts(text = ''): AppRestarts | undefined {
  const match = /^(\d+) (\d+) (waiting|running)$/m.exec(text);
  return match === null ? undefined : { count: Number(match[1]), lastExitCode: Number(match[2]), waiting: match[3] === 'waiting' };
}

function parseHealth(text = ''): AppHealth | undefined {
  const match = /^(starting|healthy|unhealthy) (\d+)\n(.*)$/m.exec(text);
  return match === null ? undefined : { state: match[1] as AppHealth['state'], failures: Number(match[2]), output: match[3]! };
}
