/** The default stage1: each app is a container of an OCI runtime, and a small supervisor stays with the pod. */
import type { Flavor } from '#stage1/abi';

/** The name of its image. */
export const OCI_STAGE1 = 'coreos.com/rkt/stage1-oci';

/** Each verb is loaded when it is called: a start pays for nothing else. */
export const ociFlavor: Flavor = {
  kind: 'built-in',
  checkImage: () => {},
  run: async (context, args, trees) => (await import('./run.ts')).run(context, args, trees),
  enter: async (context, args) => (await import('./enter.ts')).enter(context, args),
  attach: async (context, args, caller) => (await import('./attach.ts')).attach(context, args, caller),
  attachPoints: async (context, appName) => (await import('./attach.ts')).attachPoints(context, appName),
  stop: async (context, args) => (await import('./stop.ts')).stop(context, args),
  addApp: async (context, args, trees) => (await import('./app-add.ts')).addApp(context, args, trees),
  startApp: async (context, args) => (await import('./app-start.ts')).startApp(context, args),
  stopApp: async (context, args) => (await import('./app-stop.ts')).stopApp(context, args),
  rmApp: async (context, args) => (await import('./app-rm.ts')).rmApp(context, args),
  gc: async (context, args) => (await import('./gc.ts')).gc(context, args),
};
export { OciStage1Error } from './errors.ts';
