import {
  type Annotation,
  collectHealthWords,
  healthAnnotations,
  type HealthWords,
  parseRestartPolicy,
  readHealthCheck,
  RESTART_ANNOTATION,
} from '#appc';
import { messageOf } from '#errors';
import { badRequest, isOperational } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseLast } from './flag-text.ts';

/** The annotations that flags of an image ask for: when its app starts again, and how it is probed. */
export function upkeepAnnotations(flags: FlagValues): Annotation[] {
  const restart = parseLast(flags, 'restart', parseRestartPolicy);
  return [
    ...(restart === undefined ? [] : [{ name: RESTART_ANNOTATION, value: restart }]),
    ...healthAnnotations(healthWords(flags)),
  ];
}

function healthWords(flags: FlagValues): HealthWords {
  const words = collectHealthWords((word) => (flags.given(`health-${word}`) ? flags.text(`health-${word}`) : undefined));
  if (flags.bool('no-healthcheck')) {
    if (Object.keys(words).length > 0) throw badRequest('--no-healthcheck does not go with other flags about health');
    return { cmd: 'none' };
  }
  if (Object.keys(words).length > 0) checkWords(words);
  return words;
}

/** Whether there is anything to probe is not known yet: the image may say so. */
function checkWords(words: HealthWords): void {
  const probed = [words.cmd, words.http, words.tcp].some((text) => text !== undefined);
  try {
    readHealthCheck(probed ? words : { ...words, cmd: '["CMD","unknown"]' });
  } catch (error) {
    throw isOperational(error) ? badRequest(messageOf(error)) : error;
  }
}
