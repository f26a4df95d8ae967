import type { RemoteRecord, Store } from '#store';

/** What is remembered of a URL, if the image it gave is still held. */
export function rememberedRemote(url: string, store: Store): RemoteRecord | undefined {
  const record = store.readRemote(url);
  return record !== undefined && store.get(record.blobKey) !== undefined ? record : undefined;
}
