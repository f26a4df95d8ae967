import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram } from '#sys';
import type { OciImage } from './oci-image.ts';

/** Debian's docker-registry on a free port of this machine, in memory. */
export class DockerRegistry implements AsyncDisposable {
  readonly host: string;
  readonly #stop: () => Promise<void>;

  private constructor(host: string, stop: () => Promise<void>) {
    this.host = host;
    this.#stop = stop;
  }

  static async start(): Promise<DockerRegistry> {
    const directory = mkdtempSync(join(tmpdir(), 'rkt-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const config = join(directory, 'config.yml');
    writeFileSync(config, `version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}}\nhttp: {addr: "${host}"}\n`);
    const child = startProgram('/usr/bin/docker-registry', ['serve', config], { stdio: 'ignore' });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const registry = new DockerRegistry(host, async () => {
      child.kill('SIGKILL');
      await closed;
      rmSync(directory, { recursive: true });
    });
    for (let tries = 0; tries < 100; tries++) {
      if (await fetch(`http://${host}/v2/`).then(({ ok }) => ok, () => false)) return registry;
      await sleep(50);
    }
    await registry[Symbol.asyncDispose]();
    throw new Error('docker-registry does not answer');
  }

  async push(repository: string, tag: string, image: OciImage): Promise<void> {
    for (const [digest, bytes] of image.blobs) await this.#pushBlob(repository, digest, bytes);
    await this.putManifest(repository, tag, image.manifest, image.mediaType);
  }

  async putManifest(repository: string, name: string, bytes: Buffer, mediaType: string): Promise<void> {
    const url = `http://${this.host}/v2/${repository}/manifests/${name}`;
    await check(await fetch(url, { method: 'PUT', headers: { 'content-type': mediaType }, body: new Uint8Array(bytes) }));
  }

  async #pushBlob(repository: string, digest: string, bytes: Buffer): Promise<void> {
    const started = await fetch(`http://${this.host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    await check(started);
    const url = new URL(started.headers.get('location')!, started.url);
    url.searchParams.set('digest', digest);
    await check(await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

async function check(response: Response): Promise<void> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
