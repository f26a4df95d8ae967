import { mkdirSync, writeFileSync } from 'node:fs';
import type { PodManifest } from '#appc';
import { messageOf } from '#errors';
import { isMutable, type Pod, openPod, renderIdRange, type SelinuxLabels } from '#pod';
import { rootfsFiles, type RunArgs } from '#stage1/abi';
import { isSelinuxActive } from '#sys';
import { markCreated } from './app-marks.ts';
import { checkPreparedTrust } from './check-trust.ts';
import { writeDnsFiles } from './dns-files.ts';
import { Stage0Error } from './error.ts';
import { planTreeMounts } from './overlay.ts';
import type { EngineParts } from './parts.ts';
import { discardPod, preparePod } from './prepare.ts';
import type { PrepareRequest, RunOptions, RunRequest } from './requests.ts';
import { podStage1 } from './pod-stage1.ts';

/** `rkt prepare`: the UUID of a pod that waits to be run. */
export async function prepare(parts: EngineParts, request: PrepareRequest): Promise<string> {
  using preparation = await preparePod(parts, request);
  const { pod } = preparation;
  try {
    await preparation.render();
  } catch (error) {
    discardPod(pod);
    throw error;
  }
  pod.toPrepared();
  return pod.uuid;
}

/**
 * `rkt run`: prepares a pod and becomes its supervisor. Images are rendered while its network comes up.
 *
 * Nothing is left of a pod that cannot become one that runs, or whose images cannot be rendered.
 */
export async function run(parts: EngineParts, request: RunRequest): Promise<never> {
  using preparation = await preparePod(parts, request.prepare, (uuid) => {
    if (request.uuidFileSave !== undefined) saveUuid(request.uuidFileSave, uuid);
  });
  const { pod, manifest } = preparation;
  let rendering: Promise<void> | undefined;
  try {
    return await runPod(parts, pod, manifest, request.run, () => (rendering = preparation.render()));
  } catch (error) {
    if (pod.phase === 'prepare') discardPod(pod);
    else if (!(await succeeds(rendering))) await (await import('./gc.ts')).deletePodOfMaker(parts, pod);
    throw error;
  }
}

async function succeeds(work: Promise<void> | undefined): Promise<boolean> {
  return work === undefined || work.then(() => true, () => false);
}

function saveUuid(file: string, uuid: string): void {
  try {
    writeFileSync(file, uuid, { mode: 0o644 });
  } catch (cause) {
    throw new Stage0Error('uuid-file', `error saving pod UUID to file: ${messageOf(cause)}`, { cause });
  }
}

/** `rkt run-prepared`: of several at once exactly one gets the pod. */
export async function runPrepared(parts: EngineParts, uuid: string, options: RunOptions): Promise<never> {
  const pod = openPod(parts.dataDir, uuid);
  const manifest = pod.manifest();
  await checkPreparedTrust(parts, pod, manifest);
  return runPod(parts, pod, manifest, options, async () => {});
}

async function runPod(
  parts: EngineParts,
  pod: Pod,
  manifest: PodManifest,
  options: RunOptions,
  render: () => Promise<void>,
): Promise<never> {
  refusePortsWithoutNetwork(manifest, options.net);
  pod.toRun();
  const apps = manifest.apps.map((app) => app.name);
  const selinux = await labelPod(parts, pod, manifest);
  const trees = render().then(() => planTreeMounts(pod, parts.store(), apps, selinux));
  // Whoever needs them is told.
  trees.catch(() => {});
  const { flavor, context } = await podStage1(parts, pod);
  // Files of an image that is copied would come over those that are written.
  if (flavor.kind === 'image') await trees;
  writeDnsFiles(pod, options);
  mkdirSync(pod.stage1File(rootfsFiles.statusDirectory), { recursive: true, mode: 0o755 });
  if (isMutable(manifest)) for (const app of apps) markCreated(pod, app);
  const token = options.mdsRegister ? await (await import('./register-pod.ts')).registerPod(parts, pod, apps) : '';
  process.chdir(pod.path);
  const args = runArgs(parts, pod, { ...options, token, mutable: isMutable(manifest) });
  return flavor.run({ ...context, lockFd: pod.lock!.fd, selinux }, args, trees);
}

/** Undefined without SELinux: then this costs one look at a path. */
async function labelPod(parts: EngineParts, pod: Pod, manifest: PodManifest): Promise<SelinuxLabels | undefined> {
  if (!isSelinuxActive()) return undefined;
  const { chooseSelinuxLabels } = await import('./selinux-labels.ts');
  return chooseSelinuxLabels(parts.dataDir, pod, manifest, (text) => parts.listener.warn(text));
}

function refusePortsWithoutNetwork(manifest: PodManifest, net: string): void {
  if ((manifest.ports ?? []).length === 0 || (net !== 'none' && net !== 'host')) return;
  throw new Stage0Error('port-without-network', `--port flag does not work with '${net}' networking`, {
    hint: 'leave out --net, or name a contained network',
  });
}

function runArgs(parts: EngineParts, pod: Pod, options: RunOptions & { readonly token: string; readonly mutable: boolean }): RunArgs {
  const { insecure, debug, configDirs } = parts.options;
  const users = pod.privateUsers();
  return {
    uuid: pod.uuid,
    debug,
    net: options.net,
    ...(options.token === '' ? {} : { mdsToken: options.token }),
    interactive: options.interactive,
    localConfig: configDirs.localDir,
    privateUsers: users === undefined ? '' : renderIdRange(users),
    hostname: options.hostname ?? '',
    disableCapabilitiesRestriction: insecure.capabilities,
    disablePaths: insecure.paths,
    disableSeccomp: insecure.seccomp,
    dnsConfMode: { resolv: options.dns.mode, hosts: options.hosts.mode },
    mutable: options.mutable,
    ipc: options.ipc,
  };
}
