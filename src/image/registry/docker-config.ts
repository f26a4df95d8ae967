import { join } from 'node:path';
import { messageOf } from '#errors';
import { findProgram, readTextIfExists, runProgram } from '#sys';
import { ImageError } from '../image-error.ts';
import type { Credentials } from './credentials.ts';

const HELPER_TIMEOUT = 30_000;
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Nothing of a file is checked before it is used. */
interface AuthEntry {
  readonly auth?: unknown;
  readonly username?: unknown;
  readonly password?: unknown;
  readonly identitytoken?: unknown;
}

/** The parts of containers-auth.json(5) and docker's config.json that hold credentials. */
interface AuthFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** The files that may hold credentials, the first that knows the registry wins. */
function authFilePaths(env: NodeJS.ProcessEnv): string[] {
  const paths: string[] = [];
  if (env['REGISTRY_AUTH_FILE']) paths.push(env['REGISTRY_AUTH_FILE']);
  if (env['DOCKER_CONFIG']) paths.push(join(env['DOCKER_CONFIG'], 'config.json'));
  else if (env['HOME']) paths.push(join(env['HOME'], '.docker', 'config.json'));
  return paths;
}

/** Credentials from the files of podman and docker. @throws {ImageError} bad-credentials */
export async function readDockerCredentials(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  for (const path of authFilePaths(env)) {
    const text = readTextIfExists(path);
    if (text === undefined) continue;
    const found = await fromFile(parseAuthFile(path, text), names, path, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

function parseAuthFile(path: string, text: string): AuthFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ImageError('bad-credentials', `${path} is not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ImageError('bad-credentials', `${path} is not a JSON object`);
  }
  return value as AuthFile;
}

async function fromFile(
  file: AuthFile,
  names: readonly string[],
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  for (const name of names) {
    const helper = ownValue(file.credHelpers, name);
    if (helper !== undefined) return askHelper(helper, name, env);
    const entry = ownValue(file.auths, name);
    const found = entry === undefined ? undefined : fromEntry(entry, name, path);
    if (found !== undefined) return found;
  }
  return isText(file.credsStore) ? askStore(file.credsStore, names, env) : undefined;
}

async function askStore(helper: string, names: readonly string[], env: NodeJS.ProcessEnv) {
  for (const name of names) {
    const found = await askHelper(helper, name, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownValue<T>(map: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return typeof map === 'object' && map !== null && Object.hasOwn(map, name) ? map[name] : undefined;
}

function fromEntry(entry: AuthEntry, name: string, path: string): Credentials | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { auth, identitytoken: token, username: user, password } = entry;
  if (isText(token)) return { kind: 'identity-token', token };
  if (isText(auth)) return fromBase64(auth, name, path);
  return isText(user) && isText(password) ? { kind: 'basic', user, password } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function fromBase64(auth: string, name: string, path: string): Credentials {
  const text = Buffer.from(auth, 'base64').toString().replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon < 1) throw new ImageError('bad-credentials', `${path}: "auth" of "${name}" is not base64 of user:password`);
  return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Runs `docker-credential-<helper> get`; undefined where it knows nothing of the server. */
async function askHelper(
  helper: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`;
  const path = HELPER_NAME.test(helper) ? findProgram(program, env['PATH']) : undefined;
  if (path === undefined) throw new ImageError('bad-credentials', `credential helper "${program}" is not installed`);
  const result = await runProgram(path, ['get'], { input: server, env, timeout: HELPER_TIMEOUT }).catch((cause) => {
    throw new ImageError('bad-credentials', `cannot run ${program}: ${messageOf(cause)}`, { cause });
  });
  // The protocol's only way to say "not found" is this text on standard output.
  if (result.status !== 0 && /credentials not found/i.test(result.stdout)) return undefined;
  if (result.status !== 0) throw new ImageError('bad-credentials', `${program} failed for "${server}"`);
  return parseHelperAnswer(result.stdout, program);
}

function parseHelperAnswer(text: string, program: string): Credentials | undefined {
  let answer: { Username?: unknown; Secret?: unknown };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw new ImageError('bad-credentials', `${program} did not answer with JSON`);
  }
  const { Username: user, Secret: secret } = answer;
  if (typeof user !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  return user === '<token>' ? { kind: 'identity-token', token: secret } : { kind: 'basic', user, password: secret };
}
