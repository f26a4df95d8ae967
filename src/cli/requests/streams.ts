import { type Annotation, LOG_ANNOTATIONS, logFiles, logSize, STREAM_ANNOTATIONS } from '#appc';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseLast } from './flag-text.ts';

/** The annotations that flags of an image ask for: what becomes of its app's standard streams. */
export function streamAnnotations(flags: FlagValues): Annotation[] {
  const [size, files] = [parseLast(flags, 'log-size', logSize), parseLast(flags, 'log-files', logFiles)];
  return [
    ...(['stdin', 'stdout', 'stderr'] as const).flatMap((name) =>
      flags.given(name) ? [{ name: STREAM_ANNOTATIONS[name], value: mode(flags.text(name), name) }] : [],
    ),
    ...(size === undefined ? [] : [{ name: LOG_ANNOTATIONS.size, value: String(size) }]),
    ...(files === undefined ? [] : [{ name: LOG_ANNOTATIONS.files, value: String(files) }]),
  ];
}

function mode(text: string, stream: 'stdin' | 'stdout' | 'stderr'): string {
  const modes = ['null', 'stream', 'tty', ...(stream === 'stdin' ? [] : ['log', 'journal'])];
  if (modes.includes(text)) return text;
  throw badRequest(`invalid ${stream} mode ${JSON.stringify(text)}: must be one of ${modes.join(', ')}`);
}
