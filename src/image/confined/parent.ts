import { closeSync } from 'node:fs';
import { type ImageManifest, renderImageManifest } from '#appc';
import type { FillLayer, LayerInput, LayerDigest } from '#store';
import { receiveDescriptors } from '#sys';
import type { Link } from './link.ts';
import type { Credentials } from '../registry/credentials.ts';
import { DESCRIPTORS_FD, fromWire, type ParentMessage, toWire, type WorkerMessage } from './messages.ts';

type Told = Exclude<ParentMessage, { kind: string }>;

interface Call {
  readonly settle: { resolve(value: unknown): void; reject(error: unknown): void };
  readonly source?: FillLayer;
}

/** The process that started this one, as it is seen from here: what it is asked, told and sent. */
export class Parent {
  link!: Link;
  readonly #calls = new Map<number, Call>();
  readonly #fillings = new Map<number, AbortController>();
  #last = 0;

  send(message: WorkerMessage): void {
    this.link.send(message);
  }

  call(name: string, argument: unknown, source?: FillLayer): Promise<unknown> {
    const id = ++this.#last;
    const { promise, ...settle } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { settle, ...(source === undefined ? {} : { source }) });
    this.send({ type: 'call', id, name, argument });
    return promise;
  }

  /** The headers that let us in at a URL. */
  readonly authorize = async (url: URL, method: string): Promise<Record<string, string>> =>
    (await this.call('authorize', { url: url.href, method })) as Record<string, string>;

  async credentials(registry: string): Promise<Credentials | undefined> {
    return ((await this.call('credentials', registry)) as Credentials | null) ?? undefined;
  }

  async addLayer(input: LayerInput, source: FillLayer): Promise<void> {
    await this.call('add-layer', input, source);
  }

  async importLayers(image: { manifest: ImageManifest; layers: readonly LayerDigest[] }): Promise<void> {
    const manifest = renderImageManifest(image.manifest);
    await this.call('import-layers', { manifest, layers: image.layers });
  }

  take(message: Told): void {
    switch (message.type) {
      case 'answer':
        return this.#settle(message.id)?.resolve(message.value);
      case 'refusal':
        return this.#settle(message.id)?.reject(fromWire(message.error));
      case 'fill':
        return void this.#fill(message.filling, message.from, this.#calls.get(message.id)!.source!);
      case 'stop':
        this.#fillings.get(message.filling)?.abort();
    }
  }

  #settle(id: number): Call['settle'] | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call?.settle;
  }

  async #fill(filling: number, size: number, source: FillLayer): Promise<void> {
    const [fd, wakeFd] = receiveDescriptors(DESCRIPTORS_FD, 2) as [number, number];
    const stop = new AbortController();
    this.#fillings.set(filling, stop);
    try {
      await source({ fd, wakeFd, size }, stop.signal);
      this.send({ type: 'filled', filling });
    } catch (error) {
      this.send({ type: 'broken', filling, error: toWire(error) });
    } finally {
      this.#fillings.delete(filling);
      closeSync(fd);
      closeSync(wakeFd);
    }
  }
}
