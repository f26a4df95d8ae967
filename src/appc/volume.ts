import { messageOf, quoted } from '#errors';
import { booleanOf, type Decode, defined, integerOf, objectOf, optional, required, stringOf } from './decode.ts';
import { AppcError } from './error.ts';
import { parseAcName } from './name.ts';
import { parseBoolean, parseNumber, parseParameters, type Parameters } from './parameters.ts';
import type { Volume } from './types.ts';

/** The largest user or group id: one less is (uid_t) -1, "unchanged". */
export const MAXIMUM_ID = 0xffff_fffe;

type Draft = { readonly [K in keyof Volume]-?: (K extends 'name' ? never : undefined) | Volume[K] };

/** The value of `--volume`: `data,kind=host,source=/srv,readOnly=true`. Throws `bad-volume`. */
export function parseVolume(text: string): Volume {
  try {
    return volumeOf(parseParameters('bad-volume', `name=${text}`));
  } catch (thrown) {
    if (!(thrown instanceof AppcError)) throw thrown;
    const message = `invalid value in --volume flag ${quoted(text)}: ${messageOf(thrown)}`;
    throw new AppcError('bad-volume', message, { cause: thrown });
  }
}

/** A volume from its parameters, `name` among them. */
export function volumeOf(parameters: Parameters): Volume {
  const known = ['name', 'kind', 'source', 'readOnly', 'recursive', 'mode', 'uid', 'gid'];
  const unknown = [...parameters.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined) throw bad(`unknown volume parameter ${quoted(unknown)}`);
  const read = <T>(key: string, parse: (text: string) => T): T | undefined => {
    const text = parameters.get(key);
    return text === undefined ? undefined : parse(text);
  };
  return checkVolume({
    name: parseAcName(parameters.get('name') ?? ''),
    kind: parameters.get('kind') as Volume['kind'] | undefined,
    source: parameters.get('source'),
    readOnly: read('readOnly', (text) => parseBoolean('bad-volume', text)),
    recursive: read('recursive', (text) => parseBoolean('bad-volume', text)),
    mode: parameters.get('mode'),
    uid: read('uid', (text) => parseNumber('bad-volume', text)),
    gid: read('gid', (text) => parseNumber('bad-volume', text)),
  });
}

export const decodeVolume: Decode<Volume> = (value) => {
  const object = objectOf(value);
  const id = integerOf(0, MAXIMUM_ID);
  return checkVolume({
    name: required(object, 'name', (text) => parseAcName(stringOf(text))),
    kind: optional(object, 'kind', stringOf) as Volume['kind'] | undefined,
    source: optional(object, 'source', stringOf),
    readOnly: optional(object, 'readOnly', booleanOf),
    recursive: optional(object, 'recursive', booleanOf),
    mode: optional(object, 'mode', stringOf),
    uid: optional(object, 'uid', id),
    gid: optional(object, 'gid', id),
  });
};

/** An empty volume gets the defaults of the spec: mode 0755, owned by root. */
function checkVolume(draft: Draft): Volume {
  if (draft.kind === 'host') return checkHostVolume(draft);
  if (draft.kind === 'empty') return checkEmptyVolume(draft);
  throw bad('unrecognized volume kind: should be one of "empty", "host"');
}

function checkHostVolume(draft: Draft): Volume {
  if (draft.source === undefined || draft.source === '') throw bad('source for host volume cannot be empty');
  if (draft.mode !== undefined) throw bad('mode for host volume cannot be set');
  if (draft.uid !== undefined) throw bad('uid for host volume cannot be set');
  if (draft.gid !== undefined) throw bad('gid for host volume cannot be set');
  if (!draft.source.startsWith('/')) throw bad('source for host volume must be absolute path');
  return defined<Volume>({ ...draft, kind: 'host' });
}

function checkEmptyVolume(draft: Draft): Volume {
  const { mode = '0755', uid = 0, gid = 0, source } = draft;
  if (source !== undefined && source !== '') throw bad('source for empty volume must be empty');
  if (!/^[0-7]{1,5}$/.test(mode)) throw bad(`mode for empty volume must be octal, not ${quoted(mode)}`);
  if (uid > MAXIMUM_ID || gid > MAXIMUM_ID) throw bad(`uid and gid for empty volume must be at most ${MAXIMUM_ID}`);
  return defined<Volume>({ ...draft, kind: 'empty', source: undefined, mode, uid, gid });
}

/** In the order Go writes it. */
export function orderVolume({ name, kind, source, readOnly, recursive, mode, uid, gid }: Volume): object {
  return { name, kind, source: source || undefined, readOnly, recursive, mode, uid, gid };
}

function bad(message: string): AppcError {
  return new AppcError('bad-volume', message);
}
