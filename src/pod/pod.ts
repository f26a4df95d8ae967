import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { type PodManifest, renderPodManifest } from '#appc';
import { type Lock, lockPath, monotonicMs, setTimes, syncDirectory, unlessMissing, unlock, writeFileAtomic } from '#sys';
import { PodError } from './errors.ts';
import { phaseDir, podDir, podFiles } from './layout.ts';
import { type Sighting, sightPod } from './locate.ts';
import { isFinished, mayMove, type Phase, type PodState, stateOf } from './phase.ts';
import { PodDirectory } from './pod-directory.ts';
import { claimPodName, releasePodName } from './name-index.ts';
import type { PodName } from './pod-name.ts';
import { poll, takeExclusively, waitUntilUnlocked } from './pod-lock.ts';
import { PodView } from './pod-view.ts';
import type { Uuid } from './uuid.ts';

const NANOSECONDS = 1_000_000_000n;
/** How long a change of apps may take that goes on when the pod has ended, in milliseconds: it finds that out at its next step. */
const CHANGE_PATIENCE = 2_000;

/**
 * A pod on disk, as it was when last looked at: another process may move or lock it at any time.
 *
 * Transitions are rename(2): of any number of processes that try one, one succeeds and the others get an
 * error that says what the pod has become. The lock, once taken, is held until the pod is disposed of.
 */
export class Pod extends PodView implements Disposable {
  readonly dataDir: string;
  #phase: Phase;
  #lockedByOther: boolean;
  #owned = false;
  #gone = false;
  #claimed: PodName | undefined;
  #directory: PodDirectory;

  constructor(dataDir: string, uuid: Uuid, sighting: Sighting) {
    super(uuid);
    this.dataDir = dataDir;
    this.#phase = sighting.phase;
    this.#lockedByOther = sighting.locked;
    this.#directory = new PodDirectory(sighting.handle);
  }

  protected get directory(): PodDirectory {
    return this.#directory;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get state(): PodState {
    return stateOf(this.#phase, this.#owned || this.#lockedByOther);
  }

  /** Found in no phase when last looked for: another process has deleted it. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Absolute, in the phase the pod was last seen in. */
  get path(): string {
    return podDir(this.dataDir, this.#phase, this.uuid);
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** A file of the stage1 root file system as the host sees it, by its name there. */
  stage1File(name: string): string {
    return this.file(`${this.directory.stage1Root()}/${name}`);
  }

  /** The exclusive lock, where it is ours: its descriptor is what a stage1 inherits. */
  get lock(): Lock | undefined {
    return this.#owned ? this.#directory.handle : undefined;
  }

  /**
   * Takes the exclusive lock; false when another process has it, or the pod has moved meanwhile.
   *
   * Readers that look at the state at that moment are waited for. Do not lock an exited pod in `run`: it
   * would look alive. Move it on first.
   */
  lockExclusive(options: { wait?: boolean } = {}): boolean {
    if (this.#owned) return true;
    if (!takeExclusively(this.#directory.fd, options.wait === true)) return false;
    this.#owned = true;
    if (existsSync(this.path)) return true;
    this.#unlock();
    return false;
  }

  #unlock(): void {
    unlock(this.#directory.fd);
    this.#owned = false;
    this.#lockedByOther = false;
  }

  /** Looks where the pod is now and whether it is locked. A pod that is not found keeps its last phase. */
  refresh(): void {
    if (this.#owned) return;
    this.forget();
    const sighting = sightPod(this.dataDir, this.uuid, this.#phase);
    this.#gone = sighting === undefined;
    if (sighting === undefined) return;
    this.#directory.close();
    this.#directory = new PodDirectory(sighting.handle);
    this.#phase = sighting.phase;
    this.#lockedByOther = sighting.locked;
  }

  /** Writes the manifest whole or not at all; a later version keeps the first one's time, the pod's creation. */
  writeManifest(manifest: PodManifest): void {
    const created = this.directory.modifiedAt(podFiles.manifest);
    writeFileAtomic(this.file(podFiles.manifest), renderPodManifest(manifest));
    if (created !== undefined) {
      setTimes(this.file(podFiles.manifest), created / NANOSECONDS, Number(created % NANOSECONDS));
    }
    this.forget();
  }

  /**
   * The lock of whoever changes the apps of a pod that runs or has run; waits for it. The pod does not leave `run`
   * meanwhile, and is looked at anew.
   *
   * @throws {PodError} `pod-moved` where it moved first
   */
  lockChanges(): Lock {
    const path = this.file(podFiles.changes);
    const lock = unlessMissing(() => lockPath(path, 'file', 'exclusive', { wait: true }));
    this.refresh();
    if (lock !== undefined && path === this.file(podFiles.changes) && !this.#gone) return lock;
    lock?.release();
    throw new PodError('pod-moved', `pod "${this.uuid}" is ${this.#gone ? 'gone' : this.state}`);
  }

  /**
   * Gives it the name, which it keeps until it is deleted or, once it has exited, another takes it.
   *
   * @throws {PodError} `pod-name-taken` by a pod that has not exited
   */
  claimName(name: PodName): void {
    claimPodName(this.dataDir, name, this.uuid);
    this.#claimed = name;
  }

  /** From `prepare`, by its maker. Afterwards its place is durable (its files are as the file system writes them) and it is unlocked. */
  toPrepared(): void {
    syncDirectory(this.path);
    this.#move('prepared');
    syncDirectory(phaseDir(this.dataDir, 'prepared'));
    this.#unlock();
  }

  /**
   * From `prepared`, or by its maker from `prepare`. Afterwards the lock is ours: the pod is running.
   *
   * @throws {PodError} `pod-not-prepared` to all but one of those who try
   */
  toRun(): void {
    const prepared = this.#phase === 'prepared';
    if (!prepared && !(this.#phase === 'prepare' && this.#owned)) throw this.#notPrepared();
    if (!this.lockExclusive()) throw this.#notPrepared();
    this.#move('run');
    // A crash of the machine must not bring a pod back that was prepared once and has run.
    if (prepared) syncDirectory(phaseDir(this.dataDir, 'run'));
  }

  #notPrepared(): PodError {
    this.refresh();
    const now = this.#gone ? 'it has been removed' : `it is ${this.state}`;
    const hint = this.state === 'prepared' ? 'another process is starting it' : now;
    return new PodError('pod-not-prepared', `pod "${this.uuid}" is not prepared`, { hint });
  }

  /**
   * From `run`, once exited: marks it for garbage collection. Does nothing when another process did so.
   *
   * @throws {PodError} `pod-not-exited`; `pod-busy` while another changes its apps
   */
  toExitedGarbage(): void {
    this.refresh();
    if (this.#phase === 'exited-garbage' || this.#gone) return;
    if (this.#phase !== 'run' || this.#lockedByOther) {
      throw new PodError('pod-not-exited', `pod "${this.uuid}" has not exited, it is ${this.state}`);
    }
    using _ = unlessMissing(() => this.#holdChanges());
    this.#moveUnlessMoved('exited-garbage');
  }

  /** Who is changing the apps of a pod that has just ended writes to where it was. Undefined where nobody ever did. */
  #holdChanges(): Lock | undefined {
    const path = this.file(podFiles.changes);
    if (!existsSync(path)) return undefined;
    let lock: Lock | undefined;
    const isOurs = (): boolean => (lock = lockPath(path, 'file', 'exclusive')) !== undefined;
    if (poll(CHANGE_PATIENCE, isOurs)) return lock;
    throw new PodError('pod-busy', `the apps of pod "${this.uuid}" are being changed by another rkt`, { hint: 'try again' });
  }

  /**
   * From `prepared`, or from `prepare` when given up or by its maker. Does nothing when another did so.
   *
   * @throws {PodError} `pod-busy` when it is being prepared or is or was run meanwhile
   */
  toGarbage(): void {
    this.refresh();
    if (this.#phase === 'garbage' || this.#gone) return;
    const held = this.#owned;
    const movable = this.#phase === 'prepared' ? this.lockExclusive() : this.#phase === 'prepare' && !this.#lockedByOther;
    if (!movable) throw this.#busy();
    this.#moveUnlessMoved('garbage');
    if (this.#owned && !held) this.#unlock();
  }

  #busy(): PodError {
    this.refresh();
    return new PodError('pod-busy', `pod "${this.uuid}" is ${this.#gone ? 'gone' : this.state}`);
  }

  #moveUnlessMoved(to: Phase): void {
    try {
      this.#move(to);
    } catch (error) {
      if (!(error instanceof PodError && error.code === 'pod-moved')) throw error;
      this.refresh();
    }
  }

  #move(to: Phase): void {
    if (!mayMove(this.#phase, to)) throw new Error(`a pod does not go from ${this.#phase} to ${to}`);
    try {
      renameSync(this.path, podDir(this.dataDir, to, this.uuid));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw error;
      if (!existsSync(phaseDir(this.dataDir, to))) throw error;
      throw new PodError('pod-moved', `pod "${this.uuid}" is no longer in ${this.#phase}`, { cause: error });
    }
    this.#phase = to;
  }

  /**
   * Deletes the directory of a pod that is garbage and locked by us. Mounts inside must be gone: EBUSY.
   * What a crash leaves of it is still a pod in its phase, and can be deleted again.
   */
  remove(): void {
    const deletable = this.#owned && (this.#phase === 'exited-garbage' || this.#phase === 'garbage');
    if (!deletable) throw new Error(`pod ${this.uuid} is not locked garbage`);
    const name = this.#claimed ?? this.podName();
    if (name !== undefined) releasePodName(this.dataDir, name, this.uuid);
    rmSync(this.path, { recursive: true, force: true });
    this.#gone = true;
  }

  /**
   * Waits until the pod will not run any more, or is gone; false when the time is over first.
   *
   * Holds up the thread. Without a timeout that of a running pod is one blocking flock(2).
   */
  waitUntilExited(timeoutMs?: number): boolean {
    if (this.#owned) throw new Error(`pod ${this.uuid} waits for itself`);
    const deadline = monotonicMs() + (timeoutMs ?? Infinity);
    for (;;) {
      this.refresh();
      if (this.#gone || isFinished(this.state)) return true;
      const left = deadline - monotonicMs();
      if (left <= 0) return false;
      if (this.#lockedByOther) waitUntilUnlocked(this.#directory.fd, timeoutMs === undefined ? undefined : left);
      // In the gap between prepare and run there is nothing to wait on.
      else poll(Math.min(left, 50), () => !existsSync(this.path));
    }
  }

  /** Closes the directory, and so gives up the lock unless a process we started has inherited it. */
  close(): void {
    this.#directory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The way into the world: see createPod. */
  static embryo(dataDir: string, uuid: Uuid): Pod {
    const path = podDir(dataDir, 'embryo', uuid);
    mkdirSync(path, { mode: 0o750 });
    const sighting = sightPod(dataDir, uuid);
    if (sighting === undefined) throw new PodError('pod-moved', `pod "${uuid}" is gone`);
    const pod = new Pod(dataDir, uuid, sighting);
    if (!pod.lockExclusive()) throw pod.#busy();
    pod.#move('prepare');
    return pod;
  }
}
