import { parsePodManifest, type AcName, type PodManifest } from '#appc';
import { type AppStatus, readAppStatus } from './app-status.ts';
import type { IdRange } from '#sys';
import { PodError } from './errors.ts';
import { podFiles } from './layout.ts';
import { type NetInfo, parseNetInfo } from './net-info.ts';
import { isMutable } from './mutable.ts';
import { isAfterRun, type Phase, type PodState } from './phase.ts';
import { type PodName, podNameOf } from './pod-name.ts';
import type { PodDirectory } from './pod-directory.ts';
import { parseIdRange } from './private-users.ts';
import { parseSelinuxLabels, type SelinuxLabels } from './selinux-labels.ts';
import type { Uuid } from './uuid.ts';

let last: { readonly text: string; readonly manifest: PodManifest } | undefined;

/** Many pods of a list were started by the same command, and their manifests are the same text. */
function parseOnce(text: string): PodManifest {
  if (last?.text !== text) last = { text, manifest: parsePodManifest(text) };
  return last.manifest;
}

/**
 * What there is to know about a pod, read when it is asked for.
 *
 * Times are ns since the epoch. Nothing but {@link manifest} minds a pod whose files were cut off by a
 * crash of the machine: what cannot be read is absent.
 */
export abstract class PodView {
  readonly uuid: Uuid;
  abstract readonly phase: Phase;
  abstract readonly state: PodState;
  protected abstract readonly directory: PodDirectory;
  #manifest: PodManifest | undefined;
  readonly #times = new Map<string, bigint | undefined>();

  constructor(uuid: Uuid) {
    this.uuid = uuid;
  }

  /** @throws {PodError} `manifest-missing`, `manifest-invalid` */
  manifest(): PodManifest {
    return (this.#manifest ??= this.#readManifest());
  }

  /** To be called when the pod may have changed: what was read is read again. */
  protected forget(): void {
    this.#manifest = undefined;
    this.#times.clear();
  }

  #modifiedAt(name: string): bigint | undefined {
    if (!this.#times.has(name)) this.#times.set(name, this.directory.modifiedAt(name));
    return this.#times.get(name);
  }

  #readManifest(): PodManifest {
    const text = this.manifestText();
    if (text === undefined) throw new PodError('manifest-missing', `pod "${this.uuid}" has no manifest`);
    try {
      return parseOnce(text);
    } catch (cause) {
      throw new PodError('manifest-invalid', `invalid pod manifest of pod "${this.uuid}"`, { cause });
    }
  }

  /** Undefined also where the manifest cannot be read. */
  podName(): PodName | undefined {
    try {
      return podNameOf(this.manifest());
    } catch (error) {
      if (error instanceof PodError) return undefined;
      throw error;
    }
  }

  /** The bytes of the manifest as they are on disk. */
  manifestText(): string | undefined {
    return this.directory.text(podFiles.manifest);
  }

  /** The pod's copy of an app's image manifest, as it is on disk. */
  imageManifestText(app: AcName): string | undefined {
    return this.directory.text(podFiles.appManifest(app));
  }

  /** The apps in the manifest's order; none where there is no (whole) manifest. */
  apps(): AppStatus[] {
    let manifest: PodManifest;
    try {
      manifest = this.manifest();
    } catch (error) {
      if (error instanceof PodError) return [];
      throw error;
    }
    const mutable = isMutable(manifest);
    return manifest.apps.map((app) => readAppStatus(this.directory, this.state, app, mutable));
  }

  /** The process inside the pod, else its parent; also of a pod that has exited. */
  pid(): number | undefined {
    return this.directory.number(podFiles.pid) ?? this.ppid();
  }

  ppid(): number | undefined {
    return this.directory.number(podFiles.ppid);
  }

  /** Every app has started, and is well and ready as far as that is asked for. */
  isReady(): boolean {
    return this.#supervisorStatus() === 'ready';
  }

  /** Every app has started. */
  hasStarted(): boolean {
    const status = this.#supervisorStatus();
    return status === 'started' || status === 'ready';
  }

  #supervisorStatus(): string | undefined {
    return this.directory.link(this.directory.inStage1(podFiles.supervisorStatus));
  }

  networks(): NetInfo[] {
    const text = this.directory.rareText(podFiles.netInfo);
    return text === undefined ? [] : parseNetInfo(text);
  }

  /** The path of the pod's network namespace; undefined where it has the host's. */
  networkNamespace(): string | undefined {
    return this.#line(podFiles.netns);
  }

  /** The path of the pod's cgroup in each hierarchy; undefined for a pod that was never started. */
  cgroup(): string | undefined {
    return this.#line(podFiles.subcgroup);
  }

  /** The users of its own user namespace; undefined where it has none. @throws {PodError} 'bad-private-users' */
  privateUsers(): IdRange | undefined {
    const text = this.directory.rareText(podFiles.privateUsersPrepared);
    return text === undefined ? undefined : parseIdRange(text);
  }

  /** Undefined of a pod that was started without SELinux. @throws {PodError} 'bad-selinux-labels' */
  selinuxLabels(): SelinuxLabels | undefined {
    const text = this.directory.rareText(podFiles.selinuxLabels);
    return text === undefined ? undefined : parseSelinuxLabels(text);
  }

  stage1TreeId(): string | undefined {
    return this.#line(podFiles.stage1TreeStoreId);
  }

  /** Whether the apps' trees are overlays; otherwise the pod has copies of them. */
  usesOverlay(): boolean {
    return this.directory.has(podFiles.overlayPrepared);
  }

  appTreeId(app: AcName): string | undefined {
    return this.#line(podFiles.appTreeStoreId(app));
  }

  #line(name: string): string | undefined {
    const text = this.directory.text(name)?.trim();
    return text === '' ? undefined : text;
  }

  /** When its preparation was complete. */
  get createdAt(): bigint | undefined {
    if (this.phase === 'embryo' || this.phase === 'prepare') return undefined;
    return this.#modifiedAt(podFiles.manifest);
  }

  get startedAt(): bigint | undefined {
    if (this.state !== 'running' && !isAfterRun(this.state)) return undefined;
    return this.#modifiedAt(podFiles.pid) ?? this.#modifiedAt(podFiles.ppid);
  }

  /** When the last app of a pod that has exited did so. */
  get finishedAt(): bigint | undefined {
    if (!isAfterRun(this.state)) return undefined;
    const times = this.apps().flatMap((app) => app.finishedAt ?? []);
    return times.length === 0 ? undefined : times.reduce((a, b) => (a > b ? a : b));
  }

  get gcMarkedAt(): bigint | undefined {
    return this.phase === 'exited-garbage' || this.phase === 'garbage' ? this.directory.changedAt() : undefined;
  }

  /** When it came to its phase: what grace and expiry periods count from. */
  get phaseSince(): bigint {
    return this.directory.changedAt();
  }
}
