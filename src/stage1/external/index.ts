/** A stage1 that is an image: whatever a pod is asked is done by the executables that the image names. */
import type { Flavor } from '#stage1/abi';
import { checkImage } from './stage1-interface.ts';

/** Each verb is loaded when it is called. */
export const externalFlavor: Flavor = {
  kind: 'image',
  checkImage,
  run: async (context, args, trees) => (await import('./run.ts')).run(context, args, trees),
  enter: async (context, args) => (await import('./enter.ts')).enter(context, args),
  attach: async (context, args) => (await import('./attach.ts')).attach(context, args),
  attachPoints: async (context, appName) => (await import('./attach.ts')).attachPoints(context, appName),
  stop: async (context, args) => (await import('./stop.ts')).stop(context, args),
  addApp: async (context, args, trees) => (await import('./app-add.ts')).addApp(context, args, trees),
  startApp: async (context, args) => (await import('./app-start.ts')).startApp(context, args),
  stopApp: async (context, args) => (await import('./app-stop.ts')).stopApp(context, args),
  rmApp: async (context, args) => (await import('./app-rm.ts')).rmApp(context, args),
  gc: async (context, args) => (await import('./gc.ts')).gc(context, args),
};
export { ExternalStage1Error } from './errors.ts';
export { hasPodMounts } from './run-record.ts';
