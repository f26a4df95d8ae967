/** From a pod manifest and a root file system to the plan of an app that every flavor carries out. */
export { type AppMount, type AppPlan, type AppPlanInput, planApp, planUser } from './app-plan.ts';
export { dockerApp } from './docker-app.ts';
export { planEnvironment } from './environment.ts';
export { AppError, type AppErrorCode } from './errors.ts';
export { orphanedVolumes } from './mounts.ts';
export { removeEmptyVolumes } from './volumes.ts';
export { findAppProgram } from './program.ts';
export { hostPathOf, resolveInRootfs } from './rootfs-path.ts';
