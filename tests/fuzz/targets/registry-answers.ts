import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkIsImage, layersOf, MEDIA_TYPES, parseImageConfig, type Reference } from '#oci';
import { messageOf } from '#errors';
import { ImageError } from '../../../src/image/image-error.ts';
import { readBlob } from '../../../src/image/registry/read-blob.ts';
import { fetchConfig, fetchManifest } from '../../../src/image/registry/fetch-manifest.ts';
import { RegistryClient } from '../../../src/image/registry/registry-client.ts';
import { mutateBytes, mutateJson } from '../mutate.ts';
import type { Random } from '../random.ts';
import { subjectOf, type Target } from '../target.ts';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const layer = Buffer.alloc(5000, 'layer');
const config = json({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } });
const manifest = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(config), size: config.length },
  layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }],
};
const index = (bytes: Buffer): object => ({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociIndex,
  manifests: [{ mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), size: bytes.length, platform: { os: 'linux', architecture: 'amd64' } }],
});

/** Registries whose manifests, configurations and layers are not what they said, or not what they should be. */
export const registryAnswers: Target = {
  name: 'registry-answers',
  limit: 5000,
  open: async () => {
    let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
    const server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const run = async (random: Random): Promise<void> => {
      answer = makeAnswer(random);
      await pull(registry, random);
    };
    return subjectOf(run, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  },
};

async function pull(registry: string, random: Random): Promise<void> {
  const policy = { plainHttp: true, verifyCertificates: true, timeouts: { connect: 500, idle: 150, answer: 300 }, retryWaits: [] };
  const credentials = async () => (random.chance(0.5) ? { kind: 'basic', user: 'u', password: 'p' } as const : undefined);
  using client = new RegistryClient({ registry, policy, credentials }, 'team/app');
  const reference: Reference = { registry, repository: 'team/app', tag: 'latest' };
  try {
    const fetched = await fetchManifest(client, reference);
    checkIsImage(fetched.manifest);
    const layers = layersOf(fetched.manifest, parseImageConfig(await fetchConfig(client, fetched.manifest.config)));
    for (const { digest, size } of layers) {
      let got = 0;
      for await (const chunk of readBlob(client, { digest, size }, { retryWaits: [] })) got += chunk.length;
      assert.equal(got, size);
    }
  } catch (error) {
    // A connection that breaks in the body of a manifest: what Node says of it is an answer.
    if (['ECONNRESET', 'ETIMEDOUT', 'HPE_INVALID_CONSTANT'].includes((error as { code?: string }).code ?? '')) {
      throw new ImageError('connection-failed', messageOf(error), { cause: error });
    }
    throw error;
  }
}

function makeAnswer(random: Random): (request: IncomingMessage, response: ServerResponse) => void {
  const own = random.chance(0.5) ? Buffer.from(mutateJson(manifest, random)) : json(manifest);
  const top = random.chance(0.3) ? Buffer.from(mutateJson(index(own), random)) : own;
  const type = random.pick([MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifest, 'text/html', '']);
  return (request, response) => {
    const path = request.url!;
    const bytes = path.endsWith('/latest') ? top : path.endsWith(digestOf(config)) ? config : path.endsWith(digestOf(layer)) ? layer : own;
    if (random.chance(0.06)) return challenge(response, random);
    if (random.chance(0.03)) return void response.writeHead(302, { location: path }).end();
    if (path === '/v2/') return void response.end('{}');
    const sent = random.chance(0.15) ? mutateBytes(bytes, random) : bytes;
    const headers = random.chance(0.8) && path.includes('/manifests/') ? { 'content-type': type } : {};
    const length = random.chance(0.1) ? { 'content-length': Math.max(0, sent.length + random.below(9) - 4) } : {};
    response.on('error', () => {}).writeHead(random.chance(0.95) ? 200 : random.pick([206, 404, 403, 416, 201]), { ...headers, ...length });
    if (random.chance(0.03)) return void endless(response);
    response.end(sent);
  };
}

function challenge(response: ServerResponse, random: Random): void {
  const realm = random.pick(['http://127.0.0.1:1/token', '', 'x', 'https://127.0.0.1:1/', 'file:///etc/passwd']);
  const value = random.pick([`Bearer realm="${realm}",service="s"`, 'Basic realm="x"', 'Basic', 'Bearer', 'Digest x', '"', 'Bearer realm="'.repeat(500)]);
  response.writeHead(401, { 'www-authenticate': value }).end(random.pick(['', '{"errors":[{"code":"DENIED","message":"no"}]}', '{"errors":5}', 'x'.repeat(100_000)]));
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    if (response.destroyed) return;
    if (response.write('x'.repeat(50_000))) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}
