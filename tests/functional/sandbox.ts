import { setTimeout as sleep } from 'node:timers/promises';
import { makeBusyboxAci, type RktOptions } from '#tests/support';
import { type RunningPod, startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

type Result = Awaited<ReturnType<Scene['rkt']>>;

/** A pod whose apps change, and the verbs on them. */
export interface Sandbox extends AsyncDisposable {
  readonly scene: Scene;
  readonly pod: RunningPod;
  readonly uuid: string;
  /** `rkt app VERB UUID WORDS`. */
  app(verb: string, words?: readonly string[], options?: RktOptions): Promise<Result>;
  /** Adds an app of busybox that runs a script. */
  add(name: string, script: string, ...flags: readonly string[]): Promise<Result>;
  start(name: string): Promise<Result>;
  /** The fields of `rkt app status --format=json`. */
  status(name: string): Promise<Record<string, unknown>>;
  /** The words of `rkt app list`: NAME STATE. */
  list(): Promise<string[]>;
  /** Waits until the app is in the state. */
  until(name: string, state: string): Promise<void>;
  /** Stops the pod; how it ended. */
  stop(): Promise<RunningPod['ended'] extends Promise<infer T> ? T : never>;
}

/** `rkt app sandbox FLAGS`, ready, and the image example.com/busybox in the store. */
export async function startSandbox(...flags: readonly string[]): Promise<Sandbox> {
  const scene = openScene();
  try {
    await scene.insecure(['fetch', makeBusyboxAci(scene.home.file('image.aci'))]);
    const net = flags.some((flag) => flag.startsWith('--net')) ? [] : ['--net=none'];
    return sandboxOf(scene, await startRkt(scene, ['app', 'sandbox', ...net, ...flags]));
  } catch (error) {
    await scene[Symbol.asyncDispose]();
    throw error;
  }
}

function sandboxOf(scene: Scene, pod: RunningPod): Sandbox {
  const app: Sandbox['app'] = (verb, words = [], options = {}) => scene.rkt(['app', verb, pod.uuid, ...words], options);
  const status = async (name: string): Promise<Record<string, unknown>> =>
    JSON.parse((await app('status', [`--app=${name}`, '--format=json'])).stdout) as Record<string, unknown>;
  return {
    scene,
    pod,
    uuid: pod.uuid,
    app,
    add: (name, script, ...flags) => app('add', ['example.com/busybox', `--name=${name}`, '--exec=/bin/sh', ...flags, '--', '-c', script]),
    start: (name) => app('start', [`--app=${name}`]),
    status,
    list: async () => (await app('list', ['--no-legend'])).stdout.split('\n').filter((line) => line !== '').map((line) => line.replace(/\t+/, ' ')),
    async until(name, state) {
      for (const end = Date.now() + 15_000; (await status(name))['state'] !== state; await sleep(20)) {
        if (Date.now() > end) throw new Error(`app ${name} does not become ${state}`);
      }
    },
    async stop() {
      await scene.rkt(['stop', pod.uuid]);
      return pod.ended;
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}
