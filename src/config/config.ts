import { ConfigError } from './config-error.ts';

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

export interface Config {
  readonly dirs: ConfigDirs;
  /** By domain, `host[:port]`. */
  readonly auth: ReadonlyMap<string, Auth>;
  /** By registry, `host[:port]`. */
  readonly dockerAuth: ReadonlyMap<string, BasicCredentials>;
  readonly paths: { readonly data?: string; readonly stage1Images?: string };
  readonly stage1: Stage1Config | undefined;
  readonly trust: TrustConfig;
  /**
   * The headers a request to `url` must carry to be let in; none for plain HTTP, whatever is configured.
   *
   * @throws {ConfigError} unsupported where the domain's auth is of type aws
   */
  authHeaders(url: URL): Record<string, string>;
  dockerCredentials(registry: string): BasicCredentials | undefined;
}

/** What files say; {@link makeConfig} makes a Config of it. */
export interface Settings {
  readonly auth: Map<string, Auth>;
  readonly dockerAuth: Map<string, BasicCredentials>;
  data?: string;
  stage1Images?: string;
  stage1Name?: string;
  stage1Version?: string;
  stage1Location?: string;
  requireEvidence?: boolean;
  allowLegacyPgp?: boolean;
}

export function emptySettings(): Settings {
  return { auth: new Map(), dockerAuth: new Map() };
}

export function makeConfig(settings: Settings, dirs: ConfigDirs): Config {
  const { auth, dockerAuth, data, stage1Images } = settings;
  const hasStage1 = settings.stage1Name !== undefined || settings.stage1Location !== undefined;
  return Object.freeze({
    dirs: Object.freeze({ ...dirs }),
    auth,
    dockerAuth,
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
    authHeaders: (url: URL) => authHeaders(url, auth),
    dockerCredentials: (registry: string) => dockerAuth.get(registry),
  });
}

function authHeaders(url: URL, auth: ReadonlyMap<string, Auth>): Record<string, string> {
  if (url.protocol !== 'https:') return {};
  const found = auth.get(url.host);
  if (found === undefined) return {};
  switch (found.type) {
    case 'basic': {
      const { user, password } = found.credentials;
      return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    }
    case 'oauth':
      return { authorization: `Bearer ${found.credentials.token}` };
    case 'aws':
      throw new ConfigError('unsupported', `auth of type "aws", configured for ${url.host}, is not available`, {
        hint: 'use auth of type "basic" or "oauth", or a server that needs none',
      });
  }
}
