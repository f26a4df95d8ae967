import { existsSync, fstatSync } from 'node:fs';
import type { AcName, PodManifest, Port } from '#appc';
import { boundPort } from '#sys';
import type { OciConfig } from './config-types.ts';
import { OciStage1Error } from './errors.ts';

/** A descriptor that the service manager passed; it keeps its number until the app has it. */
export interface PassedSocket {
  readonly fd: number;
  /** Of LISTEN_FDNAMES. */
  readonly name?: string;
}

/** What each app is passed; apps that are passed nothing are not in it. */
export type AppSockets = ReadonlyMap<AcName, readonly PassedSocket[]>;

const FIRST = 3;
/** What the supervisor takes for an app. */
const LIMIT = 32;
/** A program that tells the app which process it is, and becomes it. */
const STAND_IN = '/dev/rkt/listen';

/**
 * The sockets that this process was started with (sd_listen_fds(3)), by app: those with `socketActivated` ports get
 * them. Several such apps are told apart by the ports, as the host sees them; one alone gets all.
 *
 * @throws {OciStage1Error} 'bad-sockets'
 */
export function planAppSockets(manifest: PodManifest, environment: Readonly<NodeJS.ProcessEnv>): AppSockets {
  const sockets = passedSockets(environment);
  const planned = new Map<AcName, PassedSocket[]>();
  if (sockets.length === 0) return planned;
  const apps = manifest.apps.filter(({ app }) => activatedPorts(app?.ports).length > 0).map(({ name }) => name);
  if (apps.length === 0) {
    throw bad(`the service manager passed ${sockets.length} sockets, and no app of the pod has a socket-activated port`, {
      hint: 'the image must say so of its port: "socketActivated": true',
    });
  }
  for (const socket of sockets) {
    const app = apps.length === 1 ? apps[0]! : findApp(manifest, socket.fd);
    planned.set(app, [...(planned.get(app) ?? []), socket]);
  }
  return planned;
}

function passedSockets({ LISTEN_FDS: count, LISTEN_FDNAMES: names, LISTEN_PID: pid }: Readonly<NodeJS.ProcessEnv>): PassedSocket[] {
  if (count === undefined || pid !== String(process.pid)) return [];
  if (!/^\d{1,4}$/.test(count) || Number(count) > LIMIT) throw bad(`LISTEN_FDS="${count}" is not a number of up to ${LIMIT} sockets`);
  const each = names?.split(':') ?? [];
  return Array.from({ length: Number(count) }, (_, at) => {
    const fd = FIRST + at;
    if (!isSocket(fd)) throw bad(`descriptor ${fd} of LISTEN_FDS=${count} is not a socket`);
    return each.length === Number(count) ? { fd, name: each[at]! } : { fd };
  });
}

function isSocket(fd: number): boolean {
  return existsSync(`/proc/self/fd/${fd}`) && fstatSync(fd).isSocket();
}

function activatedPorts(ports: readonly Port[] | undefined): readonly Port[] {
  return (ports ?? []).filter(({ socketActivated }) => socketActivated);
}

function findApp(manifest: PodManifest, fd: number): AcName {
  const bound = boundPort(fd);
  const app = manifest.apps.find(({ app: { ports } = {} }) => activatedPorts(ports).some((port) => isAt(manifest, port, bound)));
  if (app !== undefined) return app.name;
  const what = bound === undefined ? 'which is no port of the internet' : `${bound.protocol} port ${bound.port}`;
  throw bad(`descriptor ${fd} from the service manager, ${what}, belongs to no socket-activated port of the pod`, {
    hint: 'say which port of an app it is: --port=NAME:HOSTPORT',
  });
}

/** The socket was made on the host, so it has the port of the host. */
function isAt({ ports }: PodManifest, port: Port, bound: ReturnType<typeof boundPort>): boolean {
  if (bound === undefined || bound.protocol !== port.protocol) return false;
  const exposed = (ports ?? []).find(({ name }) => name === port.name);
  if (exposed !== undefined) return exposed.hostPort === bound.port;
  return bound.port >= port.port && bound.port < port.port + (port.count ?? 1);
}

/** The manifest without the ports that apps are passed sockets for: nothing is to be forwarded to them. */
export function withoutActivatedPorts(manifest: PodManifest, sockets: AppSockets): PodManifest {
  const names = manifest.apps.filter(({ name }) => sockets.has(name)).flatMap(({ app }) => activatedPorts(app?.ports).map(({ name }) => name));
  return { ...manifest, ports: (manifest.ports ?? []).filter(({ name }) => !names.includes(name)) };
}

/** The configuration of an app that is passed sockets. `program`: the supervisor, which is the stand-in as well. */
export function withSockets(config: OciConfig, sockets: readonly PassedSocket[], program: string): OciConfig {
  if (sockets.length === 0) return config;
  const names = sockets.flatMap(({ name }) => name ?? []);
  const env = [`LISTEN_FDS=${sockets.length}`, ...(names.length === 0 ? [] : [`LISTEN_FDNAMES=${names.join(':')}`])];
  const { process, mounts } = config;
  return {
    ...config,
    process: { ...process, args: [STAND_IN, ...process.args], env: [...process.env, ...env] },
    mounts: [...mounts, { destination: STAND_IN, type: 'bind', source: program, options: ['bind', 'ro', 'nosuid', 'nodev'] }],
  };
}

function bad(message: string, more: { hint?: string } = {}): OciStage1Error {
  return new OciStage1Error('bad-sockets', message, more);
}
