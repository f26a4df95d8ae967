/** Names in the root file system of stage1, relative to it. */
export const rootfsFiles = {
  statusDirectory: 'rkt/status',
  env: (app: string): string => `rkt/env/${app}`,
  resolvConf: 'etc/rkt-resolv.conf',
  hosts: 'etc/rkt-hosts',
} as const;

/** File names inside a pod that stage0 and every stage1 agree on, relative to the pod's directory. */
export const stage1Layout = {
  manifest: 'stage1/manifest',
  rootfs: 'stage1/rootfs',
  /** An app's root file system. */
  appRootfs: (app: string): string => `stage1/rootfs/opt/stage2/${app}/rootfs`,
  appDirectory: (app: string): string => `stage1/rootfs/opt/stage2/${app}`,
  /** The exit code of an app that has ended, as decimal text. */
  statusDirectory: `stage1/rootfs/${rootfsFiles.statusDirectory}`,
  status: (app: string): string => `stage1/rootfs/rkt/status/${app}`,
  env: (app: string): string => `stage1/rootfs/${rootfsFiles.env(app)}`,
  /** What one can attach to: `endpoints`, and sockets while the app may run. */
  attach: (app: string): string => `stage1/rootfs/rkt/iottymux/${app}`,
  endpoints: (app: string): string => `stage1/rootfs/rkt/iottymux/${app}/endpoints`,
  logDirectory: 'logs',
  log: (app: string): string => `logs/${app}.log`,
  /** A symbolic link: to `started` once every app has started, if they are not ready by then; to `ready` once they are. */
  supervisorStatus: 'stage1/rootfs/rkt/supervisor-status',
  /** What stage0 wrote for the apps to see as /etc/resolv.conf and /etc/hosts. */
  resolvConf: `stage1/rootfs/${rootfsFiles.resolvConf}`,
  hosts: `stage1/rootfs/${rootfsFiles.hosts}`,
  /** The cgroup of an app below the pod's, which the file `subcgroup` names. */
  appCgroups: 'system.slice',
  appCgroup: (app: string): string => `system.slice/${app}.service`,
  /** A process inside the pod's namespaces; written by the supervisor. */
  pid: 'pid',
  /** The supervisor itself: the process `rkt run` became. */
  ppid: 'ppid',
} as const;
