import { messageOf, quoted } from '#errors';
import { type Digest, parseDigest } from './digest.ts';
import { OciError } from './error.ts';

/** Where an image is in a registry. There is a tag, a digest, or both; the digest is what counts then. */
export interface Reference {
  /** Host, and port where one is given: `registry-1.docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The host that serves Docker Hub, under all the names it goes by. */
const HUB = 'registry-1.docker.io';
const HUB_NAMES = [HUB, 'docker.io', 'index.docker.io'];

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:.]+\\])(?::([0-9]{1,5}))?$`);
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const MAXIMUM_REPOSITORY = 255;
const MAXIMUM_REFERENCE = 1024;

/**
 * Image names as Docker and podman take them (distribution/reference): `busybox` is
 * `registry-1.docker.io/library/busybox:latest`; the first component is a host if it has a dot, a colon
 * or an upper case letter in it, or is `localhost`. Throws `bad-reference`.
 */
export function parseReference(text: string): Reference {
  if (text.length > MAXIMUM_REFERENCE) throw bad(text, `is longer than ${MAXIMUM_REFERENCE} characters`);
  if (/^[a-z]+:\/\//.test(text)) throw bad(text, 'must not have a scheme', 'leave out what is before ://');
  if (/^[0-9a-f]{64}$/.test(text)) throw bad(text, 'is an ID, not the name of a repository');
  const { rest: tagged, digest } = splitDigest(text);
  const { registry, rest } = splitRegistry(tagged);
  const colon = rest.indexOf(':');
  const repository = checkRepository(text, registry, colon === -1 ? rest : rest.slice(0, colon));
  const tag = colon === -1 ? undefined : checkTag(text, rest.slice(colon + 1));
  if (digest === undefined) return { registry, repository, tag: tag ?? 'latest' };
  return tag === undefined ? { registry, repository, digest } : { registry, repository, tag, digest };
}

/** The whole reference; parsing it gives the same again. */
export function renderReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function splitDigest(text: string): { rest: string; digest: Digest | undefined } {
  const at = text.indexOf('@');
  if (at === -1) return { rest: text, digest: undefined };
  try {
    return { rest: text.slice(0, at), digest: parseDigest(text.slice(at + 1)) };
  } catch (thrown) {
    throw new OciError('bad-reference', `bad image reference ${quoted(text)}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const isHost = slash !== -1 && (first === 'localhost' || /[.:A-Z]/.test(first));
  if (!isHost) return { registry: HUB, rest: text };
  const port = REGISTRY.exec(first);
  if (port === null || Number(port[1] ?? '443') > 65535 || port[1] === '0') throw bad(text, `has no valid host: ${quoted(first)}`);
  return { registry: HUB_NAMES.includes(first) ? HUB : first, rest: text.slice(slash + 1) };
}

function checkRepository(text: string, registry: string, name: string): string {
  const repository = registry === HUB && name !== '' && !name.includes('/') ? `library/${name}` : name;
  if (/[A-Z]/.test(name)) {
    throw bad(text, `repository name ${quoted(name)} must be lowercase`, `did you mean ${name.toLowerCase()}`);
  }
  if (name === '' || !repository.split('/').every((component) => COMPONENT.test(component))) {
    throw bad(text, `${quoted(name)} is not the name of a repository`);
  }
  if (repository.length > MAXIMUM_REPOSITORY) {
    throw bad(text, `repository name must not be more than ${MAXIMUM_REPOSITORY} characters`);
  }
  return repository;
}

function checkTag(text: string, tag: string): string {
  if (TAG.test(tag)) return tag;
  throw bad(text, `${quoted(tag)} is not a tag`, 'a tag has up to 128 letters, digits, and _ . - in it');
}

function bad(text: string, why: string, hint?: string): OciError {
  return new OciError('bad-reference', `bad image reference ${quoted(text)}: ${why}`, hint === undefined ? {} : { hint });
}
