/** The annotations of a stage1 image that name its executables, and the version of the contract it keeps. */
export const ENTRYPOINT = {
  run: 'coreos.com/rkt/stage1/run',
  enter: 'coreos.com/rkt/stage1/enter',
  gc: 'coreos.com/rkt/stage1/gc',
  stop: 'coreos.com/rkt/stage1/stop',
  attach: 'coreos.com/rkt/stage1/attach',
  appAdd: 'coreos.com/rkt/stage1/app/add',
  appRm: 'coreos.com/rkt/stage1/app/rm',
  appStart: 'coreos.com/rkt/stage1/app/start',
  appStop: 'coreos.com/rkt/stage1/app/stop',
} as const;

export const INTERFACE_VERSION_ANNOTATION = 'coreos.com/rkt/stage1/interface-version';

/** The environment variable that tells a stage1 which descriptor holds the pod's lock. */
export const LOCK_FD_VARIABLE = 'RKT_LOCK_FD';
