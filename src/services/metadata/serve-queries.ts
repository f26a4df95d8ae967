import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '#errors';
import { failure, type Query, type Reply } from './reply.ts';

export interface QueryLimits {
  /** A query with a longer body is refused. */
  readonly bodyBytes: number;
  /** More at a time than these are closed at once; no number: as many as there may be of all. */
  readonly connectionsOfAddress?: number;
}

const MOST_CONNECTIONS = 1024;
const TOO_LARGE = 413;

/** A server of HTTP, not yet listening, whose every answer is made at once and told to `log`. */
export function serveQueries(answer: (query: Query) => Reply, limits: QueryLimits, log: (text: string) => void): Server {
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    void replyTo(request, answer, limits.bodyBytes).then(({ status, type, body = '' }) => {
      log(`${request.method} ${withoutToken(request.url ?? '')} - ${status}`);
      response.setHeader('Content-Length', Buffer.byteLength(body));
      if (type !== undefined) response.setHeader('Content-Type', type);
      // The rest of the body is on its way: nobody reads it, nor what follows it.
      if (status === TOO_LARGE) response.setHeader('Connection', 'close');
      response.writeHead(status).end(body);
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  const { connectionsOfAddress = MOST_CONNECTIONS } = limits;
  const open = new Map<string, number>();
  return server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    const count = (open.get(remoteAddress) ?? 0) + 1;
    open.set(remoteAddress, count);
    socket.once('close', () => {
      const left = open.get(remoteAddress)! - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
    if (count > connectionsOfAddress) socket.destroy();
  });
}

/** Whoever reads the log is not to be the pod. */
function withoutToken(url: string): string {
  return url.replace(/[^/]+(?=\/acMetadata)/g, '…').replace(/([?&]token=)[^&]*/g, '$1…');
}

async function replyTo(request: IncomingMessage, answer: (query: Query) => Reply, bodyBytes: number): Promise<Reply> {
  try {
    const body = await readBody(request, bodyBytes);
    if (body === undefined) return failure(TOO_LARGE, 'request body too large');
    return answer(parseQuery(request, body));
  } catch (error) {
    return failure(400, messageOf(error));
  }
}

async function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most) return undefined;
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
