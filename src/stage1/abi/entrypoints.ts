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

export type Entrypoint = keyof typeof ENTRYPOINT;

export const INTERFACE_VERSION_ANNOTATION = 'coreos.com/rkt/stage1/interface-version';

/** The environment variable that tells a stage1 which descriptor holds the pod's lock. */
export const LOCK_FD_VARIABLE = 'RKT_LOCK_FD';

/** The environment variable that tells the entrypoints of rkt's own images which rkt they belong to. */
export const PROGRAM_VARIABLE = 'RKT';

/** The environment of the entrypoints that work inside a pod: how, and where, they enter it. [5] */
export const CROSSING = {
  command: 'RKT_STAGE1_ENTERCMD',
  pid: 'RKT_STAGE1_ENTERPID',
  app: 'RKT_STAGE1_ENTERAPP',
} as const;

/** The environment variables that tell a stage1 what SELinux is to know a pod by; empty where it is not active. */
export const SELINUX = { process: 'RKT_SELINUX_CONTEXT', files: 'RKT_SELINUX_MOUNT_CONTEXT' } as const;
