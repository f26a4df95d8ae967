import { authHeaders, type AuthRequest } from './auth-headers.ts';

/** The directories of configuration; later ones override earlier ones. An empty user directory is none. */
export interface ConfigDirs {
  readonly systemDir: string;
  readonly localDir: string;
  readonly userDir: string;
}

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/** How to authenticate to an https server that holds images (kind auth). */
export type Auth =
  | { readonly type: 'basic'; readonly credentials: BasicCredentials }
  | { readonly type: 'oauth'; readonly credentials: { readonly token: string } }
  | { readonly type: 'aws'; readonly credentials: AwsCredentials };

export interface AwsCredentials {
  readonly accessKeyID: string;
  readonly secretAccessKey: string;
  readonly awsRegion: string;
}

/** How images of a registry are pulled (kind registry). */
export interface RegistryConfig {
  /** Asked before the registry, in this order: `host[:port][/path]`, where the path goes before the repository. */
  readonly mirrors: readonly string[];
  /** Plain HTTP is allowed. */
  readonly http: boolean;
  /** The certificate is not checked. */
  readonly tls: boolean;
  /** Absolute: PEM of authorities that may vouch for the registry besides the system's. */
  readonly caFile: string | undefined;
}

export interface Stage1Config {
  /** Name and version are given together or not at all. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly location: string | undefined;
}

/** How strictly images are judged (kind trust). */
export interface TrustConfig {
  /** Images that were never verified do not run. */
  readonly requireEvidence: boolean;
  /** OpenPGP keys and signatures of old strength count: DSA, SHA-1, RSA below 2048 bits. */
  readonly allowLegacyPgp: boolean;
}

/** All that the configuration files say; a later directory has overridden an earlier one. */
export interface Config {
  readonly dirs: ConfigDirs;
  /** By domain, `host[:port]`. */
  readonly auth: ReadonlyMap<string, Auth>;
  /** By registry, `host[:port]`. */
  readonly dockerAuth: ReadonlyMap<string, BasicCredentials>;
  /** By registry, `host[:port]`. */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
  readonly paths: { readonly data?: string; readonly stage1Images?: string };
  readonly stage1: Stage1Config | undefined;
  readonly trust: TrustConfig;
  /** The headers a request to `url` must carry to be let in; none for plain HTTP, whatever is configured. */
  authHeaders(url: URL, request?: AuthRequest): Record<string, string>;
  dockerCredentials(registry: string): BasicCredentials | undefined;
}

/** What files say; {@link makeConfig} makes a Config of it. */
export interface Settings {
  readonly auth: Map<string, Auth>;
  readonly dockerAuth: Map<string, BasicCredentials>;
  readonly registries: Map<string, RegistryConfig>;
  data?: string;
  stage1Images?: string;
  stage1Name?: string;
  stage1Version?: string;
  stage1Location?: string;
  requireEvidence?: boolean;
  allowLegacyPgp?: boolean;
}

export function emptySettings(): Settings {
  return { auth: new Map(), dockerAuth: new Map(), registries: new Map() };
}

export function makeConfig(settings: Settings, dirs: ConfigDirs): Config {
  const { auth, dockerAuth, registries, data, stage1Images } = settings;
  const hasStage1 = settings.stage1Name !== undefined || settings.stage1Location !== undefined;
  return Object.freeze({
    dirs: Object.freeze({ ...dirs }),
    auth,
    dockerAuth,
    registries,
    paths: Object.freeze({
      ...(data === undefined ? {} : { data }),
      ...(stage1Images === undefined ? {} : { stage1Images }),
    }),
    stage1: hasStage1
      ? Object.freeze({ name: settings.stage1Name, version: settings.stage1Version, location: settings.stage1Location })
      : undefined,
    trust: Object.freeze({
      requireEvidence: settings.requireEvidence ?? false,
      allowLegacyPgp: settings.allowLegacyPgp ?? false,
    }),
    authHeaders: (url: URL, request?: AuthRequest) => authHeaders(url, auth, request),
    dockerCredentials: (registry: string) => dockerAuth.get(registry),
  });
}
