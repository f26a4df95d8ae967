import { ImageError } from './image-error.ts';

/** Which of the security features the caller switched off (`--insecure-options`); all false by default. */
export interface InsecureOptions {
  /** Images need no signature. */
  readonly image: boolean;
  /** Certificates of TLS servers are not checked. */
  readonly tls: boolean;
  /** Registries and discovery may use plain HTTP. */
  readonly http: boolean;
  /** Keys may be fetched over connections that are not secure. */
  readonly pubkey: boolean;
  readonly capabilities: boolean;
  readonly paths: boolean;
  readonly seccomp: boolean;
}

type Feature = keyof InsecureOptions;

const FETCH: readonly Feature[] = ['image', 'tls', 'http', 'pubkey'];
const RUN: readonly Feature[] = ['capabilities', 'paths', 'seccomp'];

/** `ondisk` stays accepted for old callers and does nothing. */
const OPTIONS: Readonly<Record<string, readonly Feature[]>> = {
  none: [],
  image: ['image'],
  tls: ['tls'],
  ondisk: [],
  http: ['http'],
  pubkey: ['pubkey'],
  capabilities: ['capabilities'],
  paths: ['paths'],
  seccomp: ['seccomp'],
  'all-fetch': FETCH,
  'all-run': RUN,
  all: [...FETCH, ...RUN],
};

/** The words `--insecure-options` takes, in the order of the help text. */
export const INSECURE_OPTION_NAMES: readonly string[] = Object.keys(OPTIONS);

/**
 * Reads the values given to `--insecure-options`, each a comma-separated list.
 *
 * @throws {ImageError} bad-insecure-option
 */
export function parseInsecureOptions(values: readonly string[]): InsecureOptions {
  const set = new Set<Feature>();
  for (const word of values.flatMap((value) => value.split(','))) {
    for (const feature of featuresOf(word)) set.add(feature);
  }
  return {
    image: set.has('image'),
    tls: set.has('tls'),
    http: set.has('http'),
    pubkey: set.has('pubkey'),
    capabilities: set.has('capabilities'),
    paths: set.has('paths'),
    seccomp: set.has('seccomp'),
  };
}

function featuresOf(word: string): readonly Feature[] {
  if (word === '') return [];
  if (Object.hasOwn(OPTIONS, word)) return OPTIONS[word]!;
  throw new ImageError('bad-insecure-option', `unknown insecure option "${word}"`, {
    hint: `use one or more of: ${INSECURE_OPTION_NAMES.join(', ')}`,
  });
}

/** The options as `--insecure-options` takes them; `none` when nothing is switched off. */
export function renderInsecureOptions(options: InsecureOptions): string {
  const names = [...FETCH, ...RUN].filter((feature) => options[feature]);
  return names.length === 0 ? 'none' : names.join(',');
}
