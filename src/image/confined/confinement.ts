import { resolve } from 'node:path';
import { type Self, planConfinement } from '#store';
import { type Confinement, confinedArguments } from '#sys';
import { ACI_LIMIT } from '../http/limits.ts';
import { FETCH_COMMAND, type LocalRequest, type WorkerRequest } from './messages.ts';

/** What names are resolved and certificates checked by. */
const NETWORK_FILES = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/host.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/ssl',
  '/etc/pki',
  '/etc/ca-certificates',
  '/usr/share/ca-certificates',
];
const CERTIFICATE_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
const OTHER_VARIABLES = ['NODE_USE_SYSTEM_CA', 'RES_OPTIONS', 'LOCALDOMAIN'];
const DECOMPRESSORS = ['/usr/bin/xz', '/usr/bin/bzip2', '/bin/xz', '/bin/bzip2'];

/** The arguments of `confine` for a worker: one that verifies has no network, one that downloads starts nothing. */
export function planWorkerArguments(self: Self, request: WorkerRequest, environment: NodeJS.ProcessEnv): string[] {
  return confinedArguments(planWorkerConfinement(self, request, environment), self.path, [...self.args, FETCH_COMMAND]);
}

function planWorkerConfinement(self: Self, request: WorkerRequest, environment: NodeJS.ProcessEnv): Confinement {
  const keys = 'keystore' in request ? [request.keystore.systemDir, request.keystore.localDir, request.keystore.ownDir ?? []].flat().map((dir) => resolve(dir, 'trustedkeys')) : [];
  if (request.kind === 'read-keys') return planConfinement(self, {});
  if (request.kind === 'verify-aci') return planConfinement(self, { fork: true, readOnly: [...DECOMPRESSORS, ...keys] });
  if (request.kind === 'read-local') return planReader(self, request, keys);
  const certificates = CERTIFICATE_VARIABLES.flatMap((name) => environment[name]?.split(':') ?? []);
  const given = request.kind === 'push-image' ? [request.directory] : [];
  const readOnly = [...given, ...keys, ...NETWORK_FILES, ...certificates.filter((path) => path.startsWith('/') && path !== '/')];
  return planConfinement(self, { network: true, readOnly });
}

/** It starts what decompresses its archive, where that is not Node itself. */
function planReader(self: Self, { compression }: LocalRequest, keys: readonly string[]): Confinement {
  const fork = compression === 'xz' || compression === 'bzip2';
  return planConfinement(self, { fork, readOnly: [...(fork ? DECOMPRESSORS : []), ...keys], fileLimit: ACI_LIMIT });
}

/** Of the environment no more than steers the network: the rest may be secret. */
export function planWorkerEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const wanted = Object.entries(environment).filter(
    ([name]) =>
      /^(?:https?|no|all)_proxy$/i.test(name) || CERTIFICATE_VARIABLES.includes(name) || OTHER_VARIABLES.includes(name),
  );
  return { PATH: '/usr/bin:/bin', ...Object.fromEntries(wanted) } as Record<string, string>;
}
