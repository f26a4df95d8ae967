import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Digest, digestHex } from '#oci';
import type { Report } from '../context.ts';
import type { HttpPolicy } from '../http/http-client.ts';
import type { Credentials } from './credentials.ts';
import { type PushedBlob, RegistryPusher } from './registry-pusher.ts';

/** What is to be pushed to one repository. */
export interface Push {
  readonly registry: string;
  readonly repository: string;
  readonly policy: HttpPolicy;
  /** Where the blobs and manifests are, as files named after the hexadecimal digits of their digests. */
  readonly directory: string;
  readonly blobs: readonly BlobToPush[];
  /** In the order in which they may be seen. */
  readonly manifests: readonly ManifestToPush[];
}

export interface BlobToPush {
  readonly digest: Digest;
  readonly size: number;
  /** Another repository of the registry that may have it. */
  readonly from?: string;
}

export interface ManifestToPush {
  /** A tag, or its digest. */
  readonly name: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** Not pushed where there is one of that name: others may have added to it. */
  readonly keeps?: true;
}

export interface PushContext {
  readonly report: Report;
  credentials(registry: string): Promise<Credentials | undefined>;
}

/** Pushes blobs and then manifests. What the registry has is not sent. @throws {ImageError} */
export async function pushAll(push: Push, ctx: PushContext): Promise<void> {
  const { registry, repository, policy } = push;
  let found: ReturnType<PushContext['credentials']> | undefined;
  using pusher = new RegistryPusher({ registry, policy, credentials: () => (found ??= ctx.credentials(registry)) }, repository);
  for (const blob of push.blobs) {
    const file = openBlob(push, blob, ctx);
    if (await pusher.hasBlob(file)) ctx.report.debug(`image: blob ${blob.digest} is there`);
    else ctx.report.debug(`image: blob ${blob.digest} ${await pusher.pushBlob(file, blob.from)}`);
  }
  for (const { digest, keeps, mediaType, name, size } of push.manifests) {
    if (keeps && (await pusher.hasManifest(name))) ctx.report.info(`image: ${name} is there already, and stays as it is`);
    else await pusher.pushManifest(name, mediaType, { digest, size, open: () => createReadStream(pathOf(push, digest)) });
  }
}

function openBlob(push: Push, { digest, size: total }: BlobToPush, { report }: PushContext): PushedBlob {
  async function* counted(): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const piece of createReadStream(pathOf(push, digest), { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      yield piece;
      done += piece.length;
      report.progress({ kind: 'upload', id: digest, done, total });
    }
  }
  return { digest, size: total, open: () => Readable.from(counted(), { objectMode: false }) };
}

function pathOf({ directory }: Push, digest: Digest): string {
  return join(directory, digestHex(digest));
}
