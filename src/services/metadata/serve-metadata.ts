import { rmSync, chmodSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf } from '#errors';
import { answerGuest } from './answer-guest.ts';
import { answerRegistration } from './answer-registration.ts';
import { newIdentity } from './identity.ts';
import { MetadataError } from './metadata-error.ts';
import { PodRegistry } from './pod-registry.ts';
import { type QueryLimits, serveQueries } from './serve-queries.ts';

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
/** Of who registers pods: a manifest of a thousand apps stays below. */
const REGISTRATION: QueryLimits = { bodyBytes: 10 << 20 };
/** Of pods: what all of one hold open is bounded, for others are to be served too. */
const GUESTS: QueryLimits = { bodyBytes: 1 << 20, connectionsOfAddress: 64 };

/**
 * Serves until told to stop.
 *
 * @throws {MetadataError} `bad-sockets`, `in-use`
 */
export async function serveMetadata(options: MetadataServiceOptions): Promise<void> {
  const { log, socket, port, until } = options;
  const [pods, identity] = [new PodRegistry(), newIdentity()];
  const registration = serveQueries((query) => answerRegistration(pods, query), REGISTRATION, log);
  const guests = serveQueries((query) => answerGuest(pods, identity, query), GUESTS, log);
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
