import type { DeviceRule, SeccompFilter } from '#security';

/** The parts of an OCI runtime configuration that this flavor writes (runtime-spec 1.0.2, config.md). */
export interface OciConfig {
  readonly ociVersion: '1.0.2';
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly process: OciProcess;
  readonly mounts: readonly OciMount[];
  readonly linux: {
    readonly cgroupsPath?: string;
    readonly namespaces: readonly OciNamespace[];
    readonly uidMappings?: readonly OciIdMapping[];
    readonly gidMappings?: readonly OciIdMapping[];
    readonly resources: OciResources;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly rootfsPropagation: 'private';
    /** The SELinux label of the file systems that the runtime mounts. */
    readonly mountLabel?: string;
    readonly sysctl?: Readonly<Record<string, string>>;
    readonly seccomp?: SeccompFilter;
  };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface OciProcess {
  readonly terminal: boolean;
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Readonly<Record<'bounding' | 'effective' | 'permitted', readonly string[]>>;
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number;
  readonly selinuxLabel?: string;
  readonly apparmorProfile?: string;
}

export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface OciNamespace {
  readonly type: 'mount' | 'user' | 'pid' | 'ipc' | 'uts' | 'network' | 'cgroup';
  readonly path?: string;
}

export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface OciResources {
  readonly devices: readonly DeviceRule[];
  readonly memory?: { readonly limit?: number; readonly reservation?: number };
  readonly cpu?: { readonly shares?: number; readonly quota?: number; readonly period?: number };
  readonly blockIO?: OciBlockIo;
}

interface OciThrottle {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

/** Rates are bytes or operations per second. */
export interface OciBlockIo {
  readonly throttleReadBpsDevice?: readonly OciThrottle[];
  readonly throttleWriteBpsDevice?: readonly OciThrottle[];
  readonly throttleReadIOPSDevice?: readonly OciThrottle[];
  readonly throttleWriteIOPSDevice?: readonly OciThrottle[];
}
