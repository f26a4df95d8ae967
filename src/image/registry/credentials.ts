import type { Config } from '#config';
import { readDockerCredentials } from './docker-config.ts';

/** What a registry is told of who asks. An identity token is exchanged for an access token (OAuth2 refresh). */
export type Credentials =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

/**
 * The credentials for a registry: rkt's own auth.d first, then the files of podman and docker.
 *
 * @throws {ImageError} bad-credentials
 */
export async function findCredentials(
  registry: string,
  config: Pick<Config, 'dockerCredentials'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  for (const name of registryNames(registry)) {
    const own = config.dockerCredentials(name);
    if (own !== undefined) return { kind: 'basic', ...own };
  }
  return readDockerCredentials(registryNames(registry), env);
}

/** The names a registry goes by in credential files. */
export function registryNames(registry: string): readonly string[] {
  return registry === 'registry-1.docker.io'
    ? [registry, 'docker.io', 'index.docker.io', 'https://index.docker.io/v1/']
    : [registry, `https://${registry}`, `http://${registry}`];
}

export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
