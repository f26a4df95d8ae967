/** What the verbs tell about pods and images, as plain data. Times are nanoseconds since the epoch. */

/** The states a pod may be in, as `rkt list` and `rkt status` name them. */
export type PodStateName =
  | 'embryo'
  | 'preparing'
  | 'prepared'
  | 'aborted prepare'
  | 'running'
  | 'deleting'
  | 'exited deleting'
  | 'exited'
  | 'exited garbage'
  | 'garbage';

export interface PodView {
  readonly uuid: string;
  readonly state: PodStateName;
  /** In the order of the manifest; empty while there is no manifest. */
  readonly apps: readonly AppView[];
  readonly networks: readonly NetworkView[];
  readonly createdAt: bigint;
  readonly startedAt?: bigint;
  /** The pod's first process; absent when it was never started. */
  readonly pid?: number;
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

export interface AppView {
  readonly name: string;
  readonly state: 'unknown' | 'created' | 'running' | 'exited';
  readonly imageId: string;
  /** With the version: `example.com/busybox:1.35.0`; undefined when the pod's copy of the image manifest cannot be read. */
  readonly imageName: string | undefined;
  readonly createdAt?: bigint;
  readonly startedAt?: bigint;
  readonly finishedAt?: bigint;
  /** As rkt/status has it; absent until the app has ended, or when the pod was killed first. */
  readonly exitCode?: number;
  /** Present where the app failed and the kernel had killed processes of it for want of memory. */
  readonly outOfMemory?: true;
  readonly mounts?: readonly MountView[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

export interface MountView {
  /** Of the volume. */
  readonly name: string;
  readonly containerPath: string;
  /** Empty for an empty volume. */
  readonly hostPath: string;
  readonly readOnly: boolean;
}

/** One entry of net-info.json, under the names that file has. */
export interface NetworkView {
  readonly netName: string;
  readonly netConf: string;
  readonly pluginPath: string;
  readonly ifName: string;
  readonly ip: string;
  readonly args: string;
  readonly mask: string;
}

export interface ImageView {
  /** `sha512-` and 64 hex digits. */
  readonly id: string;
  /** With the version: `example.com/busybox:1.35.0`. */
  readonly name: string;
  readonly importTime: bigint;
  readonly lastUsed: bigint;
  /** What the image occupies: as stored and as unpacked. Bytes. */
  readonly size: number;
}
