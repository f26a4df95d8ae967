import { globalFlags } from '../flags/global.ts';
import type { CommandSpec, FlagSpec } from '../flags/spec.ts';
import { rkt } from '../flags/table.ts';
import { shownFlags } from './help.ts';

/** A page of documentation, as Markdown. */
export interface CommandPage {
  /** `image-list.md` */
  readonly file: string;
  readonly content: string;
}

/** A page for every command that is there, and one that lists them. */
export function commandPages(): CommandPage[] {
  const pages = pagesOf(rkt, []);
  return [indexPage(pages), ...pages.map(({ content, file }) => ({ file, content }))];
}

interface PageOf extends CommandPage {
  readonly title: string;
  readonly short: string;
}

function pagesOf(parent: CommandSpec, above: readonly string[]): PageOf[] {
  const shown = (parent.commands ?? []).filter(({ hidden, later }) => !hidden && !later);
  return shown.flatMap((command) => {
    const path = [...above, command.name];
    return command.commands === undefined ? [pageOf(command, path)] : pagesOf(command, path);
  });
}

function pageOf(command: CommandSpec, path: readonly string[]): PageOf {
  const title = `rkt ${path.join(' ')}`;
  const usage = [title, ...(command.usage === undefined ? [] : [command.usage])].join(' ');
  const paragraphs = [
    `# ${title}`,
    command.short,
    codeBlock(usage),
    ...(command.long === undefined ? [] : [command.long]),
    ...(command.needsRoot ? [withoutRoot(path)] : []),
    ...examplesOf(command),
    ...optionsOf(command),
    'The [global options](README.md#global-options) are accepted as well.',
  ];
  return { file: `${path.join('-')}.md`, title, short: command.short, content: join(paragraphs) };
}

function withoutRoot(path: readonly string[]): string {
  if (path.includes('metadata-service')) return 'Only root may run this command.';
  return 'Who is not root may run it on pods and images of their own: see [without root](../rootless.md).';
}

function examplesOf({ examples = [] }: CommandSpec): string[] {
  if (examples.length === 0) return [];
  return ['## Examples', ...examples.flatMap(({ text, title }) => [`${title}:`, codeBlock(text)])];
}

function optionsOf({ flags }: CommandSpec): string[] {
  const shown = shownFlags(flags);
  return shown.length === 0 ? [] : ['## Options', flagTable(shown)];
}

function indexPage(pages: readonly PageOf[]): CommandPage {
  const list = pages.map(({ file, short, title }) => `- [${title}](${file}): ${short}`).join('\n');
  return {
    file: 'README.md',
    content: join([
      '# Commands',
      list,
      'A command may be cut short as long as it is unambiguous: `rkt im l` is `rkt image list`.',
      '## Global options',
      'They may stand before and after the command.',
      flagTable(shownFlags(globalFlags)),
      '## Exit status',
      'Zero if all went well, 254 for every failure of rkt itself. `rkt run`, `rkt run-prepared` and `rkt enter` end as the app or command does.',
    ]),
  };
}

function flagTable(flags: readonly FlagSpec[]): string {
  const rows = flags.map((flag) => `| \`--${flag.name}\` | ${defaultOf(flag)} | ${flag.help.replaceAll('|', '\\|')} |`);
  return ['| Option | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function defaultOf({ initial }: FlagSpec): string {
  return initial === '' ? '' : `\`${initial}\``;
}

function codeBlock(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}

function join(paragraphs: readonly string[]): string {
  return `${paragraphs.join('\n\n')}\n`;
}
