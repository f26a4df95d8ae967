import { rmSync, chmodSync, mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf } from '#errors';
import { answerGuest } from './answer-guest.ts';
import { answerRegistration } from './answer-registration.ts';
import { newIdentity } from './identity.ts';
import { MetadataError } from './metadata-error.ts';
import { PodRegistry } from './pod-registry.ts';
import { failure, type Query, type Reply } from './reply.ts';

export interface MetadataServiceOptions {
  /** Where rkt registers pods; not used where systemd hands over a socket. */
  readonly socket: string;
  /** For the apps, at every IPv4 address. */
  readonly port: number;
  /** A line for whoever runs the service. */
  readonly log: (text: string) => void;
  /** `LISTEN_FDS` and `LISTEN_PID` are read of it (sd_listen_fds(3)). */
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Ends the service. */
  readonly until: Promise<unknown>;
}

const FIRST_PASSED_FD = 3;
/** Bytes. A pod manifest of a thousand apps stays below. */
const LONGEST_BODY = 10 << 20;

/**
 * Serves until told to stop.
 *
 * @throws {MetadataError} `bad-sockets`, `in-use`
 */
export async function serveMetadata(options: MetadataServiceOptions): Promise<void> {
  const { log, socket, port, until } = options;
  const [pods, identity] = [new PodRegistry(), newIdentity()];
  const registration = serve((query) => answerRegistration(pods, query), log);
  const guests = serve((query) => answerGuest(pods, identity, query), log);
  log('metadata service starting...');
  try {
    const passed = passedSocket(options.environment);
    if (passed === undefined) await listenAtPath(registration, socket);
    else await listen(registration, { fd: passed });
    await listen(guests, { port, host: '0.0.0.0' });
    log('metadata service running...');
    await until;
    log('metadata service exiting...');
  } finally {
    for (const server of [registration, guests]) server.close().closeAllConnections();
  }
}

/** The descriptor of the socket that systemd listens on; undefined where it passed none to this process. */
export function passedSocket({ LISTEN_FDS, LISTEN_PID }: Readonly<NodeJS.ProcessEnv>): number | undefined {
  if (LISTEN_FDS === undefined || LISTEN_FDS === '') return undefined;
  if (LISTEN_PID !== undefined && LISTEN_PID !== String(process.pid)) return undefined;
  if (!/^\d{1,5}$/.test(LISTEN_FDS)) throw new MetadataError('bad-sockets', 'error parsing LISTEN_FDS env var');
  if (Number(LISTEN_FDS) < 1) throw new MetadataError('bad-sockets', 'LISTEN_FDS < 1');
  return FIRST_PASSED_FD;
}

/** Only root reaches it: who registers pods decides who they are. */
async function listenAtPath(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (await isServed(path)) throw new MetadataError('in-use', `a metadata service already listens on ${path}`);
  // Of a service that was killed.
  rmSync(path, { force: true });
  const before = process.umask(0o177);
  try {
    await listen(server, { path });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o660);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

type Place = { readonly fd: number } | { readonly path: string } | { readonly port: number; readonly host: string };

function listen(server: Server, where: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const place = 'port' in where ? `port ${where.port}` : 'the registration socket';
      reject(new MetadataError('in-use', `error listening on ${place}: ${messageOf(error)}`, { cause: error }));
    });
    server.listen(where, resolve);
  });
}

function serve(answer: (query: Query) => Reply, log: (text: string) => void): Server {
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    void replyTo(request, answer).then(({ status, type, body = '' }) => {
      log(`${request.method} ${withoutToken(request.url ?? '')} - ${status}`);
      response.writeHead(status, type === undefined ? {} : { 'Content-Type': type }).end(body);
    });
  });
  server.maxConnections = 1024;
  return server;
}

/** Whoever reads the log is not to be the pod. */
function withoutToken(url: string): string {
  return url.replace(/^\/[^/]+(?=\/acMetadata)/, '/…').replace(/([?&]token=)[^&]*/g, '$1…');
}

async function replyTo(request: IncomingMessage, answer: (query: Query) => Reply): Promise<Reply> {
  try {
    const body = await readBody(request);
    if (body === undefined) return failure(413, 'request body too large');
    return answer(parseQuery(request, body));
  } catch (error) {
    return failure(400, messageOf(error));
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A form's fields come before those of the address, as Go has it. */
function parseQuery({ method = '', url = '', headers }: IncomingMessage, body: string): Query {
  const { pathname, searchParams } = new URL(url, 'http://service');
  const isForm = /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '');
  const parameters = new URLSearchParams([...(isForm ? new URLSearchParams(body) : []), ...searchParams]);
  return { method, path: pathname.slice(1).split('/').map(decodeURIComponent), parameters, body };
}
