import type { Auth, Config, RegistryConfig } from './config.ts';

/**
 * The document `rkt config` prints: one entry a domain and a registry, then paths and stage1.
 * It holds the secrets of the configuration in full, for programs that fetch images for rkt.
 */
export function renderConfig(config: Config, options: { indent?: string } = {}): string {
  return JSON.stringify({ stage0: planEntries(config) }, null, options.indent);
}

function planEntries(config: Config): object[] {
  const header = (rktKind: string) => ({ rktVersion: 'v1', rktKind });
  return [
    ...[...config.auth].map(([domain, auth]) => ({ ...header('auth'), domains: [domain], ...planAuth(auth) })),
    ...[...config.dockerAuth].map(([registry, { user, password }]) => ({
      ...header('dockerAuth'),
      registries: [registry],
      credentials: { user, password },
    })),
    ...[...config.registries].map(([name, value]) => ({ ...header('registry'), registries: [name], ...planRegistry(value) })),
    { ...header('paths'), data: config.paths.data ?? '', 'stage1-images': config.paths.stage1Images ?? '' },
    {
      ...header('stage1'),
      name: config.stage1?.name ?? '',
      version: config.stage1?.version ?? '',
      location: config.stage1?.location ?? '',
    },
    ...planTrust(config).map((fields) => ({ ...header('trust'), ...fields })),
  ];
}

/** Only where something is switched on: rkt 1.30 knew no such kind. */
function planTrust({ trust }: Config): object[] {
  const on = Object.entries(trust).filter(([, value]) => value);
  return on.length === 0 ? [] : [Object.fromEntries(on)];
}

function planAuth(auth: Auth): object {
  return { type: auth.type, credentials: { ...auth.credentials } };
}

function planRegistry({ mirrors, http, tls, caFile }: RegistryConfig): object {
  return { mirrors, insecure: [...(http ? ['http'] : []), ...(tls ? ['tls'] : [])], caFile: caFile ?? '' };
}
