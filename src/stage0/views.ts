/** What the verbs tell about pods and images, as plain data. Times are nanoseconds since the epoch. */
import type { AppHealth, AppRestarts, NetInfo, PodState } from '#pod';
import type { CgroupUsage } from '#sys';

export type PodStateName = PodState;

export interface PodView {
  readonly uuid: string;
  /** What it was called with `--pod-name`. */
  readonly name?: string;
  readonly state: PodStateName;
  /** In the order of the manifest; empty while there is no manifest. */
  readonly apps: readonly AppView[];
  readonly networks: readonly NetInfo[];
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
  readonly restarts?: AppRestarts;
  readonly health?: AppHealth;
  readonly mounts?: readonly MountView[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

/** What the apps of a pod that run have used till now. */
export interface PodUsageView {
  readonly uuid: string;
  readonly name?: string;
  readonly apps: readonly AppUsageView[];
}

/** What an app has used, and when that was so. */
export interface AppUsageView extends CgroupUsage {
  readonly name: string;
  /** Nanoseconds on a clock that only tells differences. */
  readonly measuredAt: bigint;
}

export interface MountView {
  /** Of the volume. */
  readonly name: string;
  readonly containerPath: string;
  /** Empty for an empty volume. */
  readonly hostPath: string;
  readonly readOnly: boolean;
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
  /** Who vouched for it when it was fetched; empty where it was never verified. */
  readonly signatures: readonly SignatureView[];
}

export type SignerKind = 'pgp' | 'cosign' | 'sigstore';

export interface SignatureView {
  readonly kind: SignerKind;
  readonly fingerprint: string;
  /** For people. */
  readonly signer: string;
  /** The name its key was trusted for. */
  readonly name: string;
  /** What was signed: an image ID or a digest. */
  readonly over: string;
  /** When it was verified; ISO 8601. */
  readonly time: string;
}

/** Who may sign what: one file of the keystore. */
export interface TrustedSignerView {
  readonly kind: SignerKind;
  readonly fingerprint: string;
  /** For people. */
  readonly signer: string;
  /** Undefined: for all names. */
  readonly prefix: string | undefined;
  readonly where: 'system' | 'local' | 'user';
  readonly path: string;
  /** `masked`: by an empty local file beside it; `mask`: it is such a file, for keys of shorter prefixes. */
  readonly state: 'trusted' | 'masked' | 'mask';
}

export interface KeyRemovalView {
  readonly prefix: string | undefined;
  /** The file that was removed, or the empty one that takes the trust back. */
  readonly path: string;
  readonly outcome: 'removed' | 'masked';
}

/** What `rkt image verify` found of one image. */
export interface ImageVerification {
  /** As it was asked for. */
  readonly image: string;
  readonly id: string;
  /**
   * `recorded`: layers were read for the first time, the next verification compares with that; `repaired`: the unpacked
   * files were not as they should be, and are rendered anew.
   */
  readonly checksums: 'verified' | 'recorded' | 'repaired';
  /** Who signed it: judged again, and good. */
  readonly signatures: readonly SignatureView[];
  /** Why they were rendered anew. */
  readonly problem?: unknown;
}
