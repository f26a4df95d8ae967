import { type ImageManifest, renderImageManifest } from '#appc';
import type { LayerInput, LayerSource, LayerDigest } from '#store';
import type { Link } from './link.ts';
import { fromWire, type ParentMessage, toWire, type WorkerMessage } from './messages.ts';

type Told = Exclude<ParentMessage, { kind: string }>;

interface Call {
  readonly settle: { resolve(value: unknown): void; reject(error: unknown): void };
  readonly source?: LayerSource;
}

/** The process that started this one, as it is seen from here: what it is asked, told and sent. */
export class Parent {
  link!: Link;
  readonly #calls = new Map<number, Call>();
  readonly #closed = new Set<number>();
  #last = 0;

  send(message: WorkerMessage): void {
    this.link.send(message);
  }

  call(name: string, argument: unknown, source?: LayerSource): Promise<unknown> {
    const id = ++this.#last;
    const { promise, ...settle } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { settle, ...(source === undefined ? {} : { source }) });
    this.send({ type: 'call', id, name, argument });
    return promise;
  }

  /** The headers that let us in at a URL. */
  readonly authorize = async (url: URL, method: string): Promise<Record<string, string>> =>
    (await this.call('authorize', { url: url.href, method })) as Record<string, string>;

  async addLayer(input: LayerInput, source: LayerSource): Promise<void> {
    await this.call('add-layer', input, source);
  }

  async importLayers(image: { manifest: ImageManifest; layers: readonly LayerDigest[] }): Promise<void> {
    const manifest = renderImageManifest(image.manifest);
    await this.call('import-layers', { manifest, layers: image.layers });
  }

  take(message: Told): void {
    const call = this.#calls.get(message.id);
    switch (message.type) {
      case 'answer':
        this.#calls.delete(message.id);
        return call?.settle.resolve(message.value);
      case 'refusal':
        this.#calls.delete(message.id);
        return call?.settle.reject(fromWire(message.error));
      case 'open':
        return void this.#open(message.id, message.from, call!.source!);
      case 'close':
        this.#closed.add(message.id);
    }
  }

  async #open(id: number, from: number, source: LayerSource): Promise<void> {
    try {
      const bytes = typeof source === 'function' ? await this.#begin(id, from, source) : source;
      for await (const piece of bytes) {
        if (this.#closed.has(id)) return;
        await this.link.sendData(id, piece as Buffer);
      }
      this.send({ type: 'end', id });
    } catch (error) {
      this.send({ type: 'broken', id, error: toWire(error) });
    }
  }

  async #begin(id: number, from: number, source: Exclude<LayerSource, AsyncIterable<unknown>>) {
    let discarded = false;
    const partial = {
      path: '',
      size: from,
      discard: (): void => {
        discarded = true;
        partial.size = 0;
      },
    };
    const bytes = await source(partial);
    this.send({ type: 'opened', id, discarded });
    return bytes;
  }
}
