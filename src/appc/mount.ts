import { messageOf, quoted } from '#errors';
import { type Decode, defined, objectOf, optional, required, stringOf } from './decode.ts';
import { AppcError } from './error.ts';
import { parseAcName } from './name.ts';
import { parseParameters } from './parameters.ts';
import type { AcName, Mount } from './types.ts';
import { decodeVolume, orderVolume, volumeOf } from './volume.ts';

/** The value of `--mount`: `volume=data,target=/var/lib/data`; `%2C` stands for a comma. Throws `bad-mount`. */
export function parseMount(text: string): Mount {
  const parameters = parseParameters('bad-mount', text);
  const unknown = [...parameters.keys()].find((key) => key !== 'volume' && key !== 'target');
  if (unknown !== undefined) throw bad(`unknown mount parameter ${quoted(unknown)}`);
  const volume = parameters.get('volume');
  if (volume === undefined) throw bad(`volume must be set in --mount flag ${quoted(text)}`);
  const path = decodePercent(parameters.get('target') ?? '');
  if (path === '') throw bad(`target must be set in --mount flag ${quoted(text)}`);
  return { volume: parseVolumeName(volume, text), path };
}

function parseVolumeName(name: string, flag: string): AcName {
  try {
    return parseAcName(name);
  } catch (thrown) {
    const message = `invalid volume name ${quoted(name)} in --mount flag ${quoted(flag)}: ${messageOf(thrown)}`;
    throw new AppcError('bad-mount', message, { cause: thrown });
  }
}

/** The value of `--mnt-volume`: the parameters of a volume, its `name` among them, and `target`. Throws `bad-mount`. */
export function parseMountVolume(text: string): Mount {
  const parameters = new Map(parseParameters('bad-mount', text));
  const path = decodePercent(parameters.get('target') ?? '');
  if (path === '') throw bad('missing target= parameter');
  parameters.delete('target');
  try {
    const appVolume = volumeOf(new Map([...parameters].map(([key, value]) => [key, decodePercent(value)])));
    return { volume: appVolume.name, path, appVolume };
  } catch (thrown) {
    if (!(thrown instanceof AppcError)) throw thrown;
    const message = `error parsing volume component of MountVolume: ${thrown.message}`;
    throw new AppcError('bad-mount', message, { cause: thrown });
  }
}

function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // a stray percent sign or bytes that are no UTF-8
  }
  throw bad(`invalid URL escape in ${quoted(text)}`);
}

export const decodeMount: Decode<Mount> = (value) => {
  const object = objectOf(value);
  return defined<Mount>({
    volume: required(object, 'volume', (text) => parseAcName(stringOf(text))),
    path: required(object, 'path', nonEmptyPath),
    appVolume: optional(object, 'appVolume', decodeVolume),
  });
};

export function nonEmptyPath(value: unknown): string {
  const path = stringOf(value);
  if (path === '') throw bad('path must be set');
  return path;
}

/** In the order Go writes it. */
export function orderMount({ volume, path, appVolume }: Mount): object {
  return { volume, path, appVolume: appVolume && orderVolume(appVolume) };
}

function bad(message: string): AppcError {
  return new AppcError('bad-mount', message);
}
