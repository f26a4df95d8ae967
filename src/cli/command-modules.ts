import type { Command } from './command.ts';

/** Where each command is; only the one asked for is loaded. */
export const commandModules: Readonly<Record<string, () => Promise<{ readonly execute: Command }>>> = {
  'cat-manifest': () => import('./commands/cat-manifest.ts'),
  completion: () => import('./commands/completion.ts'),
  config: () => import('./commands/config.ts'),
  enter: () => import('./commands/enter.ts'),
  fetch: () => import('./commands/fetch.ts'),
  gc: () => import('./commands/gc.ts'),
  help: () => import('./commands/help.ts'),
  'image cat-manifest': () => import('./commands/image-cat-manifest.ts'),
  'image fetch': () => import('./commands/fetch.ts'),
  'image gc': () => import('./commands/image-gc.ts'),
  'image list': () => import('./commands/image-list.ts'),
  'image rm': () => import('./commands/image-rm.ts'),
  'image verify': () => import('./commands/image-verify.ts'),
  list: () => import('./commands/list.ts'),
  prepare: () => import('./commands/prepare.ts'),
  rm: () => import('./commands/rm.ts'),
  run: () => import('./commands/run.ts'),
  'run-prepared': () => import('./commands/run-prepared.ts'),
  status: () => import('./commands/status.ts'),
  stop: () => import('./commands/stop.ts'),
  trust: () => import('./commands/trust.ts'),
  version: () => import('./commands/version.ts'),
};
