/**
 * What the verbs are asked to do, as plain data.
 *
 * Every value has been checked where it entered: names, paths, quantities and addresses in these types
 * are well formed. What they refer to (an image, a file, a pod) may still be missing.
 */
import type { AcName, ExposedPort, Isolator, Mount, NameValue, Volume } from '#appc';
import type { InsecureOptions } from '#image';
import type { PodName } from '#pod';
import type { AttachPoint, DnsConfMode } from '#stage1/abi';

export type { AttachPoint, InsecureOptions };

/** The options that come before every verb: where things are, and which checks are off. */
export interface GlobalOptions {
  readonly debug: boolean;
  /** `--dir`, absolute; undefined: as the `paths` configuration says, else /var/lib/rkt. */
  readonly dataDir: string | undefined;
  /** Absolute directories; undefined: no user configuration. */
  readonly configDirs: {
    readonly systemDir: string;
    readonly localDir: string;
    readonly userDir: string | undefined;
  };
  readonly insecure: InsecureOptions;
  readonly trustKeysFromHttps: boolean;
}

/** `never`: only what the store has; `new`: fetch what it lacks; `update`: ask the remote every time. */
export type PullPolicy = 'never' | 'new' | 'update';

/** An image on the command line, with what was said about it alone. */
export interface ImageArgument {
  /** As given: an image ID, a path, a URL, a `docker://` reference or a name to discover. */
  readonly image: string;
  /** The path of a detached signature. */
  readonly signature?: string;
}

/** An image and how its app differs from what the image's manifest says. Absent: as the manifest says. */
export interface AppArgument extends ImageArgument {
  readonly name?: AcName;
  /** Replaces the whole of the manifest's `exec`. */
  readonly exec?: string;
  /** Appended to `exec`, the manifest's or the one above. */
  readonly args: readonly string[];
  readonly workingDir?: string;
  readonly readonlyRootfs?: boolean;
  /** A name, a number, or an absolute path whose owner is meant. */
  readonly user?: string;
  readonly group?: string;
  readonly supplementaryGids?: readonly number[];
  readonly environment: readonly NameValue[];
  readonly annotations: readonly NameValue[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
  /** Win over the pod's mounts of the same path. */
  readonly mounts: readonly Mount[];
  /** What `overrideIsolators` puts over those of the manifest. */
  readonly isolators: readonly Isolator[];
}

/** A pod that is to begin without apps, and get them while it runs. */
export interface SandboxRequest {
  readonly annotations: readonly NameValue[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

/** A stage1 image that was asked for, in one of rkt's five ways. */
export interface Stage1Choice {
  /** What the location is: the name of a file in the directory of stage1 images, an image ID, an image name, a path, a URL. */
  readonly kind: 'from-dir' | 'hash' | 'name' | 'path' | 'url';
  readonly location: string;
}

/** A pod to be made: from apps, from a finished manifest, or without apps. */
export interface PrepareRequest {
  /** Empty if and only if `podManifestPath` or `sandbox` is there. */
  readonly apps: readonly AppArgument[];
  /** A file with the pod manifest to use; all of the fields about apps, volumes, ports and environment are then empty. */
  readonly podManifestPath?: string;
  /** Of the other fields those about ports, the pod's name, its stage1 and overlays count. */
  readonly sandbox?: SandboxRequest;
  readonly volumes: readonly Volume[];
  /** For every app. */
  readonly mounts: readonly Mount[];
  readonly ports: readonly ExposedPort[];
  readonly environment: PodEnvironment;
  readonly pullPolicy: PullPolicy;
  /** Undefined: what the pod manifest says, usually none. */
  readonly podName?: PodName;
  readonly noOverlay: boolean;
  /** Undefined: as the configuration says, else the one that comes with rkt. */
  readonly stage1?: Stage1Choice;
  /** In a user namespace of its own. */
  readonly privateUsers: boolean;
  /** Reads again all that is to run and compares it with what was unpacked. */
  readonly verifyContent: boolean;
}

/** Variables for every app, weakest first; an app's own `environment` is stronger than all. */
export interface PodEnvironment {
  /** The caller's environment; weaker than the image manifest's. Empty without `--inherit-env`. */
  readonly inherited: readonly NameValue[];
  /** From the files of `--set-env-file`; stronger than the image manifest's. */
  readonly fromFiles: readonly NameValue[];
  /** `--set-env`. */
  readonly explicit: readonly NameValue[];
}

/** How a prepared pod is run. */
export interface RunOptions {
  /** Comma separated, in the order given: `default`, `host`, `none`, `all`, `net1:IP=10.0.0.2,net2`. */
  readonly net: string;
  readonly interactive: boolean;
  readonly dns: DnsOptions;
  readonly hosts: HostsOptions;
  /** Undefined: `rkt-UUID`. */
  readonly hostname: string | undefined;
  readonly ipc: 'auto' | 'private' | 'parent';
  /** The metadata service is told of the pod. */
  readonly mdsRegister: boolean;
}

/** /etc/resolv.conf of the apps. Only mode `stage0` has anything in the lists. */
export interface DnsOptions {
  readonly mode: DnsConfMode;
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  readonly domain: string | undefined;
}

/** /etc/hosts of the apps. Only mode `stage0` has entries. */
export interface HostsOptions {
  readonly mode: Exclude<DnsConfMode, 'none'>;
  /** One entry an address, in the order the addresses first came. */
  readonly entries: readonly { readonly address: string; readonly names: readonly string[] }[];
}

export interface RunRequest {
  readonly prepare: PrepareRequest;
  readonly run: RunOptions;
  /** Where the pod's UUID is written as soon as there is one, so that a failed run can be cleaned up. */
  readonly uuidFileSave?: string;
}

/** An app to be added to a running pod. */
export interface AppAddRequest {
  /** See {@link Engine}. */
  readonly pod: string;
  readonly app: AppArgument;
}

/** An app of a pod. */
export interface AppRequest {
  /** See {@link Engine}. */
  readonly pod: string;
  readonly app: AcName;
}

export interface LogsRequest {
  /** See {@link Engine}. */
  readonly pod: string;
  /** Undefined: every app that has a log. */
  readonly app: AcName | undefined;
  /** As in {@link LogEntry}; undefined: from the beginning. */
  readonly since: string | undefined;
  /** How many lines of the end; undefined: all. */
  readonly tail: number | undefined;
  /** What is written from now on as well, until the pod has ended. */
  readonly follow: boolean;
}

export interface AttachRequest {
  /** See {@link Engine}. */
  readonly pod: string;
  /** Undefined: the pod's only app. */
  readonly app: AcName | undefined;
  /** Undefined: whatever the app has. */
  readonly points: readonly AttachPoint[] | undefined;
  /** The bytes that, typed at a terminal one after the other, end it. Empty: none do. */
  readonly detachKeys: Buffer;
}

export interface EnterRequest {
  /** See {@link Engine}. */
  readonly pod: string;
  /** Undefined: the pod's only app. */
  readonly app: AcName | undefined;
  /** Never empty. */
  readonly command: readonly string[];
}

export interface GcRequest {
  /** How long a pod stays after it was marked. Milliseconds. */
  readonly gracePeriodMs: number;
  /** How long a prepared pod may wait to be run. Milliseconds. */
  readonly expirePreparedMs: number;
  /** Mark what has exited, remove nothing. */
  readonly markOnly: boolean;
}

export interface FetchRequest {
  readonly images: readonly ImageArgument[];
  readonly pullPolicy: PullPolicy;
}

export interface TrustRequest {
  /** Undefined: the keys are trusted for every image. */
  readonly prefix: string | undefined;
  /** Paths and URLs; empty, and no `sigstore`: discover the keys of `prefix`. */
  readonly keys: readonly string[];
  /** Who may sign with certificates of the authorities in a trusted root (a path or URL). */
  readonly sigstore?: { readonly root: string; readonly identity: string; readonly issuer: string };
  readonly skipFingerprintReview: boolean;
  readonly insecureAllowHttp: boolean;
}

export interface UntrustRequest {
  readonly fingerprint: string;
  /** Undefined: wherever the key is trusted. */
  readonly only?: { readonly prefix: string } | 'root';
}

/** `aci`: what was imported, byte for byte, or the layers of an image flattened into one. */
export type ImageFormat = 'aci' | 'oci' | 'oci-archive' | 'docker-archive';

export interface ImageExportRequest {
  readonly image: string;
  readonly format: ImageFormat;
  /** A file; for `oci` a directory that is made. */
  readonly output: string;
  readonly overwrite: boolean;
}

export interface ImageUnpackRequest {
  readonly kind: 'extract' | 'render';
  readonly image: string;
  /** A directory that is made. */
  readonly output: string;
  /** The files of the image only, without its manifest and the directory `rootfs`. */
  readonly rootfsOnly: boolean;
  readonly overwrite: boolean;
}

export interface PodExportRequest {
  /** See {@link Engine}. */
  readonly pod: string;
  /** Undefined: the pod's only app. */
  readonly app: AcName | undefined;
  readonly output: string;
  readonly overwrite: boolean;
}
