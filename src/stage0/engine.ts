/** The verbs of rkt. What the command line, and every other caller, asks of the engine. */
import type { AcName, ImageManifest, PodManifest } from '#appc';
import type { AttachedCaller } from '#stage1/abi';
import type {
  AttachRequest,
  LogsRequest,
  AppAddRequest,
  AppRequest,
  EnterRequest,
  FetchRequest,
  GcRequest,
  ImageExportRequest,
  ImageUnpackRequest,
  PodExportRequest,
  PrepareRequest,
  RunOptions,
  RunRequest,
  TrustRequest,
  UntrustRequest,
} from './requests.ts';
import type { ImageVerification, ImageView, KeyRemovalView, PodUsageView, PodView, TrustedSignerView } from './views.ts';

/**
 * All verbs throw an RktError when they cannot do what was asked. A `pod` argument is a UUID, the name of
 * a pod, or a prefix of a UUID; an `image` argument an image ID, a prefix of one, or an image name as the store knows it.
 */
export interface Engine {
  /** Makes a pod ready to run; gives its UUID. */
  prepare(request: PrepareRequest): Promise<string>;
  /** Becomes the pod's supervisor. */
  run(request: RunRequest): Promise<never>;
  runPrepared(pod: string, options: RunOptions): Promise<never>;
  /** Becomes the command. */
  enter(request: EnterRequest): Promise<never>;

  /** Until the app has ended, or the caller wants no more. */
  attach(request: AttachRequest, caller: AttachedCaller): Promise<void>;
  /** What there is to attach to of an app, as JSON. */
  attachPoints(pod: string, app: AcName | undefined): Promise<string>;
  /** Shows the lines that the apps of a pod have logged, in the order of their times. */
  logs(request: LogsRequest, show: (entry: LogEntry) => void): Promise<void>;

  list(): Promise<PodList>;
  status(pod: string): Promise<PodView>;
  /** `ready`: every app has started; `exited`: none runs any more. Undefined: waits without limit. */
  wait(pod: string, until: 'ready' | 'exited', timeoutMs: number | undefined): Promise<void>;
  podManifest(pod: string): Promise<PodManifest>;
  /** Of these pods, which must run; of none given, of all that run. */
  usage(pods: readonly string[]): Promise<readonly PodUsageView[]>;
  /** Whether the networks of a running pod are as they were made. */
  checkNetworks(pod: string): Promise<readonly NetworkState[]>;

  /** The apps of a running pod, one at a time. An app comes into a pod whole or not at all, and so it goes. */
  addApp(request: AppAddRequest): Promise<void>;
  /** Does nothing where it runs. */
  startApp(request: AppRequest): Promise<void>;
  /** Returns when the app has ended; the pod's UUID where the whole pod had. */
  stopApp(request: AppRequest): Promise<StopResult>;
  /** Stops it first. */
  rmApp(request: AppRequest): Promise<void>;

  stop(pod: string, options: { readonly force: boolean }): Promise<StopResult>;
  /** Removes a pod that does not run; gives its UUID. */
  rm(pod: string): Promise<string>;
  /** What happens to each pod is told through `observe` while it happens. One pod's trouble does not stop the others. */
  gc(request: GcRequest, observe: (event: GcEvent) => void): Promise<void>;

  /** The image IDs, in the order of the request. */
  fetch(request: FetchRequest): Promise<readonly string[]>;
  trust(request: TrustRequest): Promise<void>;
  /** Who may sign what. */
  trusted(): Promise<readonly TrustedSignerView[]>;
  /** Empty where the key was not trusted. */
  untrust(request: UntrustRequest): Promise<readonly KeyRemovalView[]>;
  /** In no particular order. */
  imageList(): Promise<readonly ImageView[]>;
  imageManifest(image: string): Promise<ImageManifest>;
  /** Throws where the image is not what it should be and cannot be mended, or is not trusted. */
  imageVerify(image: string): Promise<ImageVerification>;
  /** One result for each different image, in the order given. Never throws for a single image. */
  imageRm(images: readonly string[]): Promise<readonly ImageRmResult[]>;
  /** Removes trees that no pod uses, then images that no running pod uses and nobody used for so long. */
  imageGc(gracePeriodMs: number): Promise<ImageGcResult>;

  /** Writes an image to a file, or, as an OCI layout, to a directory. */
  imageExport(request: ImageExportRequest): Promise<void>;
  /** Writes an image's files to a directory; `extract`: without the images it depends on. */
  imageUnpack(request: ImageUnpackRequest): Promise<void>;
  /** Gives the digest of the manifest that the registry has now. */
  imagePush(image: string, destination: string): Promise<string>;
  /** Writes an app of an exited pod, as it has become, to an ACI. */
  exportPod(request: PodExportRequest): Promise<void>;
  /** The document of `rkt config`. */
  config(): Promise<object>;
}

/** A line of a log. */
export interface LogEntry {
  readonly app: string;
  /** `2026-11-25T21:02:26.123456789Z` */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** Without its end. */
  readonly text: Buffer;
}

export interface PodList {
  readonly pods: readonly PodView[];
  /** What could not be read, a text each. */
  readonly problems: readonly string[];
}

export interface NetworkState {
  readonly network: string;
  readonly ifName: string;
  /** `unknown`: its plugins cannot be asked. */
  readonly state: 'ok' | 'broken' | 'unknown';
  readonly problem?: string;
}

export interface StopResult {
  readonly uuid: string;
  readonly outcome: 'stopped' | 'already stopped';
}

export type GcEvent =
  | { readonly kind: 'marked'; readonly uuid: string; readonly because: 'exited' | 'prepare failed' | 'prepared expired' }
  | { readonly kind: 'kept'; readonly uuid: string; readonly because: 'grace period' }
  | { readonly kind: 'removing'; readonly uuid: string }
  | { readonly kind: 'problem'; readonly uuid: string; readonly error: unknown };

export type ImageRmResult =
  | { readonly kind: 'removed'; readonly id: string }
  /** Gone from the list, but something of it could not be deleted. */
  | { readonly kind: 'stale'; readonly id: string; readonly error: unknown }
  | { readonly kind: 'kept'; readonly id: string; readonly error: unknown }
  /** There is no such image. */
  | { readonly kind: 'not found'; readonly image: string; readonly error: unknown };

export interface ImageGcResult {
  /** Tree IDs. */
  readonly removedTrees: readonly string[];
  readonly images: readonly ImageRmResult[];
}

/** How the engine reaches the person in front of it, while a verb works. */
export interface Listener {
  /** Somebody is there to read and to answer. */
  readonly attended: boolean;
  /** A line on standard output. */
  print(line: string): void;
  /** A line on standard error, shown as it is: whoever speaks says so, as in `image: using image from file x`. */
  warn(text: string): void;
  /** A line on standard error, only with `--debug`. */
  debug(text: string): void;
  progress(event: ProgressEvent): void;
  /** Asks a yes-or-no question, given without its mark; false when nobody can answer. */
  confirm(question: string): Promise<boolean>;
}

/** One transfer's progress. The last event of a transfer is `end`. */
export interface ProgressEvent {
  readonly kind: 'download' | 'upload' | 'unpack' | 'end';
  /** Tells transfers apart, and is shown: a layer's digest, a file's name. */
  readonly id: string;
  /** Bytes. */
  readonly done: number;
  /** Bytes; undefined when not known. */
  readonly total: number | undefined;
}
