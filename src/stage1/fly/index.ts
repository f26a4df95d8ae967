/** A stage1 that takes an app apart from the host by chroot(2) alone: for what is to have all of the host but its own files. */
import type { FlavorContext, RunArgs, EnterArgs, StopArgs } from '#stage1/abi';

/** Each verb is loaded when it is called; there is nothing to collect. */
export const fly = {
  run: async (context: FlavorContext, args: RunArgs): Promise<never> => (await import('./run.ts')).run(context, args),
  enter: async (context: FlavorContext, args: EnterArgs): Promise<never> => (await import('./enter.ts')).enter(context, args),
  stop: async (context: FlavorContext, args: StopArgs): Promise<void> => (await import('./stop.ts')).stop(context, args),
};
export { FlyError } from './errors.ts';
