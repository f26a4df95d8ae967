/**
 * The stage1 contract as types: what stage0 asks of a flavor, whoever wrote it.
 *
 * A third party's stage1 is reached by executing the entrypoint that its image names; a built-in flavor
 * is called in process with the same arguments, to save a second start-up. Neither knows stage0.
 * Source: rkt's Documentation/devel/stage1-implementors-guide.md.
 */

import type { AcName, ImageManifest, PodManifest } from '#appc';
import type { SelinuxLabels } from '#pod';

/** What `/run` is asked (interface version in brackets where an argument came later than 1). */
export interface RunArgs {
  readonly uuid: string;
  readonly debug: boolean;
  /** `--net` as the user gave it, comma separated: `host`, `none`, `default`, `all`, `net1:IP=…,net2`. */
  readonly net: string;
  readonly mdsToken?: string;
  readonly interactive: boolean;
  readonly localConfig: string;
  /** `SHIFT:RANGE`, empty for none. */
  readonly privateUsers: string;
  /** [2] Empty: the flavor's own default, `rkt-UUID`. */
  readonly hostname: string;
  /** [3] `--insecure-options` that reach the pod. */
  readonly disableCapabilitiesRestriction: boolean;
  readonly disablePaths: boolean;
  readonly disableSeccomp: boolean;
  /** [4] Where each of the two files comes from. */
  readonly dnsConfMode: { readonly resolv: DnsConfMode; readonly hosts: DnsConfMode };
  /** [5] The pod's apps may change later. */
  readonly mutable: boolean;
  /** [6] */
  readonly ipc: 'auto' | 'private' | 'parent';
}

/** `host`: the host's file; `stage0`: written into the stage1 tree by stage0; `none`; `default`: the flavor's. */
export type DnsConfMode = 'host' | 'stage0' | 'none' | 'default';

export interface EnterArgs {
  readonly appName: string;
  readonly command: readonly string[];
}

/** What all four entrypoints `/app/…` are asked. [5] */
export interface AppArgs {
  readonly uuid: string;
  readonly appName: AcName;
  readonly debug: boolean;
}

export interface AppAddArgs extends AppArgs {
  /** The pod's, with the app: it is on disk once the app has been added. */
  readonly manifest: PodManifest;
}

/** What of an app one can attach to. */
export type AttachPoint = 'stdin' | 'stdout' | 'stderr' | 'tty-in' | 'tty-out';

export interface AttachArgs {
  readonly appName: string;
  /** Undefined: whatever the app has. */
  readonly points: readonly AttachPoint[] | undefined;
  /** The bytes that, typed at a terminal one after the other, end it. Empty: none do. */
  readonly detachKeys: Buffer;
}

/** Who is attached. */
export interface AttachedCaller {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly error: NodeJS.WritableStream;
  /** Takes every key as it is typed; undefined where the input is no terminal. Undone by the function given. */
  readonly takeKeys: (() => () => void) | undefined;
  /** The size of the terminal, now and whenever it changes; of none, never. */
  onSize(tell: (size: { readonly rows: number; readonly columns: number }) => void): void;
}

export interface StopArgs {
  readonly uuid: string;
  readonly force: boolean;
  readonly debug: boolean;
}

export interface GcArgs {
  readonly uuid: string;
  readonly localConfig: string;
  readonly debug: boolean;
}

/** One overlay to be mounted before an app can start; plain data from stage0. */
export interface TreeMount {
  /** Absolute, inside the pod: `stage1/rootfs/opt/stage2/APP/rootfs`, say. */
  readonly target: string;
  /** Read-only directories, the top one first. */
  readonly lowerDirs: readonly string[];
  /** Absent: the tree is read-only. */
  readonly upperDir?: string;
  readonly workDir?: string;
  /** The SELinux label of all its files. */
  readonly label?: string;
}

/** Where a flavor finds the pod. The working directory of an entrypoint is `podDir`. */
export interface FlavorContext {
  readonly podDir: string;
  /** The root of the stage1 image's own files (`/supervisor`, say). */
  readonly stage1Root: string;
  /**
   * How those files are the pod's own, at `stage1/rootfs`; undefined where the pod has a copy of them, and for a flavor
   * that is built in.
   */
  readonly tree?: TreeMount;
  /** The descriptor that holds the pod's exclusive lock, for `run` and `gc`; else -1. */
  readonly lockFd: number;
  /** This program, for executables that lead back to it; undefined where it is more than one file. */
  readonly program?: string;
  /** For `run`: this process has mounts that are the pod's own already, and the apps' trees are among them. */
  readonly hasMounts?: boolean;
  /** For `run` and `addApp` of a pod that SELinux is to know: RKT_SELINUX_CONTEXT and RKT_SELINUX_MOUNT_CONTEXT of rkt. */
  readonly selinux: SelinuxLabels | undefined;
  /** A line for the user, on standard error. */
  readonly warn: (text: string) => void;
}

/** A stage1 flavor. What it cannot do it refuses with an error that says so. */
export interface Flavor {
  /**
   * `built-in`: it is part of this program, and only looks for files in its image. `image`: it is its image, whose
   * executables are run; each pod has the files of the image at `stage1/rootfs`, for itself.
   */
  readonly kind: 'built-in' | 'image';
  /** Throws where an image cannot be the stage1 of a pod. `mutable`: whose apps come and go. */
  checkImage(manifest: ImageManifest, needs: { readonly mutable: boolean }): void;
  /**
   * Brings up network and apps and becomes the pod's supervisor. Never returns.
   *
   * `trees` settles when the images of all apps are rendered, as copies in the pod or as what is to be mounted. What needs
   * no file of an app, the network above all, goes on until then. Where it rejects, so does this, with the same error.
   */
  run(context: FlavorContext, args: RunArgs, trees: Promise<readonly TreeMount[]>): Promise<never>;
  /** Becomes the command, confined as the app is. Never returns. */
  enter(context: FlavorContext, args: EnterArgs): Promise<never>;
  /** Shows what an app prints and sends it what is typed, until it has ended or the caller leaves. */
  attach(context: FlavorContext, args: AttachArgs, caller: AttachedCaller): Promise<void>;
  /** What there is to attach to, as JSON: `{version, targets: [{name, domain, address}]}`. */
  attachPoints(context: FlavorContext, appName: string): Promise<string>;
  /** Asks a running pod to end (`force`: ends it) and returns at once. */
  stop(context: FlavorContext, args: StopArgs): Promise<void>;
  /** Makes an app of a running pod ready to start; `trees` has its own. Leaves nothing where it fails. */
  addApp(context: FlavorContext, args: AppAddArgs, trees: readonly TreeMount[]): Promise<void>;
  /** Does nothing where it runs. Returns when it runs. */
  startApp(context: FlavorContext, args: AppArgs): Promise<void>;
  /** Asks an app to end, and ends it if it does not. Returns when it has ended, and where it never ran. */
  stopApp(context: FlavorContext, args: AppArgs): Promise<void>;
  /** Takes back what {@link addApp} made for an app that does not run, all or half of it. Idempotent. */
  rmApp(context: FlavorContext, args: AppArgs): Promise<void>;
  /** Removes what the pod holds outside its directory. Idempotent; the pod has exited. */
  gc(context: FlavorContext, args: GcArgs): Promise<void>;
}
