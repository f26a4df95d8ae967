import { Socket } from 'node:net';
import { makeUndumpable } from '#sys';
import type { PullContext, Report } from '../context.ts';
import { Link } from './link.ts';
import {
  type DiscoverRequest,
  type DownloadKeyRequest,
  type DownloadRequest,
  LINK_FD,
  type ParentMessage,
  type PullRequest,
  type PushRequest,
  type ReadKeysRequest,
  toWire,
  type WorkerMessage,
  type WorkerRequest,
} from './messages.ts';
import { Parent } from './parent.ts';

/**
 * The process that fetches and verifies: started confined, it has no files but those it was given and nobody's
 * privileges. It is asked by one message, may ask back, and ends when it has answered.
 */
export async function workerMain(): Promise<number> {
  makeUndumpable();
  const socket = new Socket({ fd: LINK_FD, readable: true, writable: true });
  const requested = Promise.withResolvers<WorkerRequest>();
  const parent = new Parent();
  parent.link = new Link(socket, (value) => {
    const message = value as ParentMessage;
    if ('kind' in message) requested.resolve(message);
    else parent.take(message);
  });
  const gone = new Promise<number>((resolve) => socket.once('close', () => resolve(1)));
  return await Promise.race([gone, serve(await requested.promise, parent, socket)]);
}

async function serve(request: WorkerRequest, parent: Parent, socket: Socket): Promise<number> {
  let last: WorkerMessage;
  try {
    last = { type: 'result', value: await work(request, parent) };
  } catch (error) {
    last = { type: 'failure', error: toWire(error) };
  }
  parent.send(last);
  await new Promise<void>((resolve) => socket.end(resolve));
  return 0;
}

async function work(request: WorkerRequest, parent: Parent): Promise<unknown> {
  switch (request.kind) {
    case 'pull-image':
      return pull(request, parent);
    case 'push-image':
      return push(request, parent);
    case 'download-aci':
      return download(request, parent);
    case 'verify-aci':
      return (await import('./verify-in-worker.ts')).verifyInWorker(request, parent);
    case 'read-local':
      return (await import('./read-in-worker.ts')).readInWorker(request, parent, reportTo(parent));
    case 'discover':
      return find(request, parent);
    case 'download-key':
      return downloadKey(request);
    case 'read-keys':
      return readKeys(request);
  }
}

async function pull({ originalName, insecure, places, keystore }: PullRequest, parent: Parent): Promise<unknown> {
  const [{ pullImage }, { parseReference }, { openKeystore }] = await Promise.all([
    import('../registry/pull-image.ts'),
    import('#oci'),
    import('../trust/keystore.ts'),
  ]);
  const context: PullContext = {
    insecure,
    places,
    keystore: openKeystore(keystore),
    report: reportTo(parent),
    credentials: (registry) => parent.credentials(registry),
    store: {
      hasLayer: () => false,
      addLayer: (input, source) => parent.addLayer(input, source),
      importLayers: (image) => parent.importLayers(image),
    },
  };
  return (await pullImage(parseReference(originalName), originalName, context)) ?? null;
}

async function push(request: PushRequest, parent: Parent): Promise<void> {
  const { pushAll } = await import('../registry/push-image.ts');
  await pushAll(request, { report: reportTo(parent), credentials: (registry) => parent.credentials(registry) });
}

async function download(request: DownloadRequest, parent: Parent): Promise<unknown> {
  const [{ receiveAci }, { GivenFile }] = await Promise.all([import('../receive-aci.ts'), import('./given-file.ts')]);
  const { etag, insecure } = request;
  const signatureUrl = request.signatureUrl === undefined ? undefined : new URL(request.signatureUrl);
  const file = new GivenFile(request.file, (validator) => parent.call('version', validator ?? null));
  const context = { insecure, authorize: parent.authorize, report: reportTo(parent) };
  const received = await receiveAci({ url: new URL(request.url), etag, signatureUrl }, file, context);
  await file.settled();
  const { signature, ...rest } = received;
  return { ...rest, ...(signature === undefined ? {} : { signature: signature.toString('base64') }) };
}

async function find({ wanted, tag, options }: DiscoverRequest, parent: Parent): Promise<unknown> {
  const { discover } = await import('../discovery/discover.ts');
  // URLs are text in JSON.
  return discover(wanted, tag, options, { authorize: parent.authorize, report: reportTo(parent) });
}

async function downloadKey({ url, policy }: DownloadKeyRequest): Promise<string> {
  const { readKey } = await import('./read-key.ts');
  return (await readKey(new URL(url), policy)).toString('base64');
}

async function readKeys({ bytes: text, what, sigstore }: ReadKeysRequest): Promise<unknown> {
  const { readIdentity, readKeyCandidates } = await import('../trust/trust-candidate.ts');
  const bytes = Buffer.from(text, 'base64');
  return sigstore === undefined ? readKeyCandidates(bytes, what) : [await readIdentity(bytes, sigstore)];
}

const PROGRESS_MS = 50;

function reportTo(parent: Parent): Report {
  let told = 0;
  return {
    info: (text) => parent.send({ type: 'report', level: 'info', text }),
    debug: (text) => parent.send({ type: 'report', level: 'debug', text }),
    progress: ({ kind, id, done, total }) => {
      // Of a layer rkt sees what comes; of a file it is told now and then.
      const now = Date.now();
      if (kind === 'layer' || (now - told < PROGRESS_MS && done !== total)) return;
      told = now;
      parent.send({ type: 'progress', id, done, ...(total === undefined ? {} : { total }) });
    },
  };
}

