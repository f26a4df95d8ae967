import type { Command } from '../command.ts';
import { badRequest } from '../cli-error.ts';
import { parseOptionList } from '../flags/values.ts';
import { imageListText } from '../output/image-list.ts';
import type { Format } from '../output/pod-list.ts';

/** `rkt image list` */
export const execute: Command = async ({ engine, line: { flags }, now }) => {
  const order = flags.text('order').toLowerCase();
  if (order !== 'asc' && order !== 'desc') throw badRequest('wrong sort order');
  const fields = parseOptionList(flags.text('fields'));
  // The long table says who signed; the short one is rkt's.
  if (flags.bool('full') && !flags.given('fields')) fields.push('signedby');
  const stdout = imageListText(await (await engine()).imageList(), {
    format: flags.text('format') as Format,
    full: flags.bool('full'),
    legend: !flags.bool('no-legend'),
    fields,
    sort: parseOptionList(flags.text('sort')),
    order,
    now: now(),
  });
  return { stdout, exitCode: 0 };
};
