import { type NameValue, parseAcIdentifier, parseAcName, parseMount, parseMountVolume } from '#appc';
import type { AppArgument, ImageArgument } from '#stage0';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseBool } from '../flags/values.ts';
import type { ImageWords } from '../parse/reading.ts';
import { parseAll, parseInteger, parseLast } from './flag-text.ts';
import { isolatorArguments } from './isolators.ts';
import { lastOfEachName, parseNameValue, toRecord } from './name-values.ts';
import { upkeepAnnotations } from './upkeep.ts';

/** What was said about one image. */
export function appArgument({ image, flags, args }: ImageWords): AppArgument {
  return {
    ...imageArgument({ image, flags, args }),
    ...present({
      name: parseLast(flags, 'name', parseAcName),
      exec: flags.optional('exec'),
      workingDir: flags.optional('working-dir'),
      readonlyRootfs: parseLast(flags, 'readonly-rootfs', readonlyRootfs),
      user: flags.optional('user'),
      group: flags.optional('group'),
      supplementaryGids: supplementaryGids(flags),
    }),
    args,
    environment: nameValues(flags, 'environment'),
    annotations: lastOfEachName([...nameValues(flags, 'annotation', parseAcIdentifier), ...upkeepAnnotations(flags)]),
    userAnnotations: toRecord(nameValues(flags, 'user-annotation')),
    userLabels: toRecord(nameValues(flags, 'user-label')),
    mounts: [...parseAll(flags, 'mount', parseMount), ...parseAll(flags, 'mnt-volume', parseMountVolume)],
    isolators: isolatorArguments(flags),
  };
}

export function imageArgument({ image, flags }: ImageWords): ImageArgument {
  return { image, ...present({ signature: flags.optional('signature') }) };
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the fields that are undefined. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)) as Present<T>;
}

function readonlyRootfs(text: string): boolean {
  const value = parseBool(text);
  if (value === undefined) throw badRequest('--readonly-rootfs must be set with a boolean');
  return value;
}

function supplementaryGids(flags: FlagValues): number[] | undefined {
  if (!flags.given('supplementary-gids')) return undefined;
  const fault = '--supplementary-gids must be integers';
  return parseAll(flags, 'supplementary-gids', (text) => text.split(',').map((gid) => parseInteger(gid, fault))).flat();
}

/** The values of a flag `NAME=VALUE`; of one name the last. */
export function nameValues(flags: FlagValues, flag: string, checkName: (name: string) => unknown = () => {}): NameValue[] {
  const parse = (text: string): NameValue => {
    const parsed = parseNameValue(text, `invalid format of --${flag} flag "${text}"`);
    checkName(parsed.name);
    return parsed;
  };
  return lastOfEachName(parseAll(flags, flag, parse));
}
