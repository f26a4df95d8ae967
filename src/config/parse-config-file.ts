import type { Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { parseAuth, parseDockerAuth } from './kind-auth.ts';
import { parsePaths } from './kind-paths.ts';
import { parseRegistry } from './kind-registry.ts';
import { parseStage1 } from './kind-stage1.ts';
import { parseTrust } from './kind-trust.ts';
import { isRecord, stringField } from './field.ts';

type Parser = (value: Readonly<Record<string, unknown>>, settings: Settings) => void;

const PARSERS: Readonly<Record<string, Parser>> = {
  auth: parseAuth,
  dockerAuth: parseDockerAuth,
  paths: parsePaths,
  registry: parseRegistry,
  stage1: parseStage1,
  trust: parseTrust,
};

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  /** What the file's directory may hold. */
  readonly kinds: readonly string[];
}

/** Adds what a file says to the settings of its directory. @throws {ConfigError} naming the file */
export function parseConfigFile(file: ConfigFile, settings: Settings): void {
  const value = parseJson(file);
  const parser = PARSERS[kindOf(value, file)]!;
  try {
    parser(value, settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.code, `failed to parse "${file.path}": ${error.message}`, { cause: error });
  }
}

function parseJson({ path, text }: ConfigFile): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the parser's message: it quotes the text, and the text may hold a password.
    throw new ConfigError('bad-file', `"${path}" is not JSON`);
  }
  if (!isRecord(value)) throw new ConfigError('bad-file', `"${path}" is not a JSON object`);
  return value;
}

function kindOf(value: Readonly<Record<string, unknown>>, { path, kinds }: ConfigFile): string {
  const kind = stringField(value, 'rktKind') ?? '';
  const version = stringField(value, 'rktVersion') ?? '';
  if (kind === '') throw new ConfigError('bad-file', `no rktKind specified in "${path}"`);
  if (version === '') throw new ConfigError('bad-file', `no rktVersion specified in "${path}"`);
  if (!kinds.includes(kind)) {
    const allowed = kinds.map((name) => `"${name}"`).join(', ');
    throw new ConfigError('unknown-kind', `"${path}" has kind "${kind}", but its directory holds kinds ${allowed}`);
  }
  if (version !== 'v1') {
    throw new ConfigError('unknown-kind', `"${path}": no configuration of kind "${kind}" has version "${version}"`);
  }
  return kind;
}
