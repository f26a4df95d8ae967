import { parseDurationMs } from '#appc';
import { imageFields, imageSortFields, moreImageFields } from './image-commands.ts';
import { insecureNames } from './global.ts';
import type { FlagSpec } from './spec.ts';

const booleans: Readonly<Record<string, boolean>> = {
  1: true, t: true, T: true, TRUE: true, true: true, True: true,
  0: false, f: false, F: false, FALSE: false, false: false, False: false,
};

/** A boolean in any of Go's spellings, undefined if it is none. */
export function parseBool(text: string): boolean | undefined {
  return Object.hasOwn(booleans, text) ? booleans[text] : undefined;
}

const optionLists: Readonly<Record<string, readonly string[]>> = {
  fields: [...imageFields, ...moreImageFields],
  sort: imageSortFields,
  'insecure-options': insecureNames,
};

/** Why the text cannot be a value of the flag, undefined if it can. */
export function flagFault(flag: FlagSpec, text: string): string | undefined {
  switch (flag.kind) {
    case 'bool':
      return parseBool(text) === undefined ? `strconv.ParseBool: parsing "${text}": invalid syntax` : undefined;
    case 'duration':
      return parseDurationMs(text) === undefined ? `time: invalid duration "${text}"` : undefined;
    case 'int':
      return /^-?\d+$/.test(text) ? undefined : `strconv.ParseInt: parsing "${text}": invalid syntax`;
    default:
      return formFault(flag, text);
  }
}

function formFault(flag: FlagSpec, text: string): string | undefined {
  const known = optionLists[flag.name];
  if (flag.choices === undefined) return known === undefined ? undefined : optionListFault(known, text);
  if (flag.choices.includes(text)) return undefined;
  if (flag.name === 'format') return `Invalid format option: ${text}`;
  return `must be one of ${flag.choices.filter((choice) => choice !== '').map((choice) => `"${choice}"`).join(', ')}`;
}

function optionListFault(known: readonly string[], text: string): string | undefined {
  const seen = new Set<string>();
  for (const option of parseOptionList(text)) {
    if (!known.includes(option)) return `unknown option "${option}"`;
    if (seen.has(option)) return `duplicated option "${option}"`;
    seen.add(option);
  }
  return undefined;
}

/** `a,B` → `['a', 'b']`; the empty text is the empty list. */
export function parseOptionList(text: string): string[] {
  return text === '' ? [] : text.toLowerCase().split(',');
}
