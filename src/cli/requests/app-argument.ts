import { type NameValue, parseAcIdentifier, parseAcName, parseMount, parseMountVolume, supplementaryGroupsAnnotation } from '#appc';
import type { AppArgument, ImageArgument } from '#stage0';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseBool } from '../flags/values.ts';
import type { ImageWords } from '../parse/reading.ts';
import { parseAll, parseInteger, parseLast } from './flag-text.ts';
import { isolatorArguments } from './isolators.ts';
import { lastOfEachName, parseNameValue, toRecord } from './name-values.ts';
import { streamAnnotations } from './streams.ts';
import { upkeepAnnotations } from './upkeep.ts';

/** What was said about one image. */
export function appArgument({ image, flags, args }: ImageWords): AppArgument {
  const groups = supplementaryGroups(flags);
  const ofRkt = [...upkeepAnnotations(flags), ...streamAnnotations(flags), ...supplementaryGroupsAnnotation(groups?.others ?? [])];
  return {
    ...imageArgument({ image, flags, args }),
    ...present({
      name: parseLast(flags, 'name', parseAcName),
      exec: flags.optional('exec'),
      workingDir: flags.optional('working-dir'),
      readonlyRootfs: parseLast(flags, 'readonly-rootfs', readonlyRootfs),
      user: flags.optional('user'),
      group: flags.optional('group'),
      supplementaryGids: groups?.gids,
    }),
    args,
    environment: nameValues(flags, 'environment'),
    annotations: lastOfEachName([...nameValues(flags, 'annotation', parseAcIdentifier), ...ofRkt]),
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

/** Numbers, and names and paths that only the app's root file system can tell. */
function supplementaryGroups(flags: FlagValues): { readonly gids: readonly number[]; readonly others: readonly string[] } | undefined {
  if (!flags.given('supplementary-gids')) return undefined;
  const groups = parseAll(flags, 'supplementary-gids', (text) => text.split(',').map(parseGroup)).flat();
  const gids = groups.filter((group) => /^\d+$/.test(group)).map((text) => parseInteger(text));
  return { gids, others: groups.filter((group) => !/^\d+$/.test(group)) };
}

function parseGroup(text: string): string {
  if (/^(\d{1,10}|\/.+|[a-z_][\w-]*\$?)$/i.test(text)) return text;
  throw badRequest('--supplementary-gids must be integers, names of groups, or paths of files');
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
