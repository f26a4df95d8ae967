import { parseImageName } from '#appc';
import type { PrepareRequest, Stage1Choice } from '#stage0';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseLast } from './flag-text.ts';

const KINDS: readonly Stage1Choice['kind'][] = ['from-dir', 'hash', 'name', 'path', 'url'];

/** What one of the flags `--stage1-…` says, if one is given. */
export function stage1Choice(flags: FlagValues): Pick<PrepareRequest, 'stage1'> {
  const [kind, other] = KINDS.filter((each) => flags.given(`stage1-${each}`));
  if (kind === undefined) return {};
  if (other !== undefined) throw badRequest(`flags --stage1-${other} and --stage1-${kind} are mutually exclusive`);
  const [location = '', ...more] = flags.list(`stage1-${kind}`);
  if (more.length > 0) throw badRequest(`--stage1-${kind} already used`);
  if (location === '') throw badRequest(`--stage1-${kind} needs a value`);
  if (kind === 'name') parseLast(flags, 'stage1-name', parseImageName);
  return { stage1: { kind, location } };
}
