import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { AcName } from '#appc';
import { messageOf } from '#errors';
import { type Pod, podFiles } from '#pod';
import type { EngineParts } from './parts.ts';

/** Tells the metadata service of the pod, if that is asked for; gives the token that stage1 is given. */
export async function registerPod(parts: EngineParts, pod: Pod, apps: readonly AcName[]): Promise<string> {
  const { register } = await parts.metadata();
  // First: what is registered half and then killed is taken back as well.
  writeFileSync(pod.file(podFiles.mdsRegistered), '');
  const images = apps.map((name) => ({ name, imageManifest: readFileSync(pod.file(podFiles.appManifest(name)), 'utf8') }));
  return register(pod.uuid, readFileSync(pod.file(podFiles.manifest), 'utf8'), images);
}

/** A service that is not there has forgotten the pod by itself. */
export async function unregisterPod(parts: EngineParts, pod: Pod): Promise<void> {
  if (!existsSync(pod.file(podFiles.mdsRegistered))) return;
  const { unregister } = await parts.metadata();
  await unregister(pod.uuid).catch((error: unknown) => parts.listener.debug(`pod "${pod.uuid}" is not unregistered: ${messageOf(error)}`));
}
