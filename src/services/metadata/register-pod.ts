import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { MetadataError } from './metadata-error.ts';

export interface RegisteredApp {
  readonly name: string;
  /** JSON. */
  readonly imageManifest: string;
}

/**
 * Tells the service of a pod; gives the token that makes whoever has it the pod.
 *
 * @throws {MetadataError} `unreachable`, `refused`
 */
export async function registerPod(socket: string, uuid: string, manifest: string, apps: readonly RegisteredApp[]): Promise<string> {
  const token = randomBytes(16).toString('hex');
  await send(socket, 'PUT', `/pods/${uuid}?token=${token}`, manifest);
  for (const { name, imageManifest } of apps) await send(socket, 'PUT', `/pods/${uuid}/${name}`, imageManifest);
  return token;
}

/** @throws {MetadataError} `unreachable`, `refused` */
export async function unregisterPod(socket: string, uuid: string): Promise<void> {
  await send(socket, 'DELETE', `/pods/${uuid}`, '');
}

async function send(socketPath: string, method: string, path: string, body: string): Promise<void> {
  const status = await new Promise<number>((resolve, reject) => {
    const sent = request({ socketPath, method, path, agent: false, timeout: 10_000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', (cause) => reject(unreachable(socketPath, cause)));
    sent.once('timeout', () => sent.destroy(new Error('no answer in 10 s')));
    sent.end(body);
  });
  // Not the path: it has the token.
  if (status !== 200) throw new MetadataError('refused', `the metadata service answered ${method} /pods with ${status}`);
}

function unreachable(socket: string, cause: Error): MetadataError {
  return new MetadataError('unreachable', `could not reach the metadata service at ${socket}: ${cause.message}`, {
    hint: 'make sure that it runs (rkt metadata-service), or leave out --mds-register',
    cause,
  });
}
