import { RktError } from '#errors';

export type AppcErrorCode =
  | 'bad-name'
  | 'bad-image-id'
  | 'bad-image-name'
  | 'bad-manifest'
  | 'bad-volume'
  | 'bad-mount'
  | 'bad-port'
  | 'bad-quantity'
  | 'bad-isolator'
  | 'bad-label'
  | 'bad-restart'
  | 'bad-health'
  | 'bad-streams'
  | 'bad-archive';

export class AppcError extends RktError<AppcErrorCode> {
  override readonly name: string = 'AppcError';
}

/** Text in double quotes with everything unprintable escaped: what strangers wrote goes into messages only like this. */
export function quoted(text: string): string {
  const shown = text.length > 256 ? `${text.slice(0, 256)}…` : text;
  return JSON.stringify(shown.toWellFormed()).replace(/[\u007f-\u009f\u2028\u2029]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
