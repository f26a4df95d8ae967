import { booleanOf, type Decode, defined, listOf, mapOf, namesOf, objectOf, optional, parseDocument, required, stringOf, wholeOf, wrong } from './decode.ts';
import { parseDigest } from './digest.ts';
import { MAXIMUM_LAYERS } from './manifest.ts';
import { decodePlatform } from './platform.ts';
import type { OciConfig, OciHealthcheck, OciHistory, OciRunConfig } from './types.ts';

export const MAXIMUM_CONFIG_BYTES = 4 * 1024 * 1024;

/** The configuration of an image: OCI image-spec, config.md. Throws `bad-config`. */
export function parseImageConfig(bytes: Uint8Array): OciConfig {
  const options = { code: 'bad-config', what: 'image configuration', maximumBytes: MAXIMUM_CONFIG_BYTES } as const;
  return parseDocument(options, bytes, (document) => {
    const { os, architecture, variant } = decodePlatform(document);
    return defined<OciConfig>({
      os,
      architecture,
      variant,
      created: optional(document, 'created', stringOf),
      author: optional(document, 'author', stringOf),
      config: optional(document, 'config', decodeRunConfig) ?? {},
      rootfs: required(document, 'rootfs', decodeRootfs),
      history: optional(document, 'history', listOf(decodeHistory)) ?? [],
    });
  });
}

const decodeRunConfig: Decode<OciRunConfig> = (value) => {
  const object = objectOf(value);
  return defined<OciRunConfig>({
    Env: optional(object, 'Env', listOf(stringOf)),
    Entrypoint: optional(object, 'Entrypoint', words),
    Cmd: optional(object, 'Cmd', words),
    User: optional(object, 'User', stringOf),
    WorkingDir: optional(object, 'WorkingDir', stringOf),
    ExposedPorts: optional(object, 'ExposedPorts', namesOf),
    Volumes: optional(object, 'Volumes', namesOf),
    Labels: optional(object, 'Labels', mapOf),
    StopSignal: optional(object, 'StopSignal', stringOf),
    Healthcheck: optional(object, 'Healthcheck', decodeHealthcheck),
  });
};

/** Without a test it is that of the image this one was built from, whose words were copied if there were any. */
const decodeHealthcheck: Decode<OciHealthcheck | undefined> = (value) => {
  const object = objectOf(value);
  const Test = optional(object, 'Test', listOf(stringOf)) ?? [];
  if (Test.length === 0) return undefined;
  return defined<OciHealthcheck>({
    Test,
    Interval: optional(object, 'Interval', wholeOf),
    Timeout: optional(object, 'Timeout', wholeOf),
    StartPeriod: optional(object, 'StartPeriod', wholeOf),
    Retries: optional(object, 'Retries', wholeOf),
  });
};

/** Old builders wrote a single word as a string. */
function words(value: unknown): readonly string[] {
  return typeof value === 'string' ? [stringOf(value)] : listOf(stringOf)(value);
}

const decodeRootfs: Decode<OciConfig['rootfs']> = (value) => {
  const object = objectOf(value);
  if (object['type'] !== 'layers') wrong('type must be "layers"');
  const digests = listOf((digest) => parseDigest(stringOf(digest)), MAXIMUM_LAYERS);
  return { type: 'layers', diff_ids: optional(object, 'diff_ids', digests) ?? [] };
};

const decodeHistory: Decode<OciHistory> = (value) => {
  const object = objectOf(value);
  return defined<OciHistory>({
    created: optional(object, 'created', stringOf),
    created_by: optional(object, 'created_by', stringOf),
    author: optional(object, 'author', stringOf),
    comment: optional(object, 'comment', stringOf),
    empty_layer: optional(object, 'empty_layer', booleanOf),
  });
};
