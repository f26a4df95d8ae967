import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A page of the project's documents. */
export interface Page {
  /** Relative to the project. */
  readonly file: string;
  readonly text: string;
}

/** Every Markdown file but those of other people's packages. */
export function pages(): Page[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.md') && !/(^|\/)(node_modules|dist|build|results)\//.test(file),
  );
  return files.sort().map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}

/** The links of a page to files of the project that are not there, and to headings that its target lacks. */
export function brokenLinks({ file, text }: Page): string[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(file, target));
}

function leadsSomewhere(from: string, target: string): boolean {
  const [path = '', heading] = target.split('#');
  const file = path === '' ? from : normalize(join(dirname(from), path));
  if (!existsSync(join(root, file))) return false;
  return heading === undefined || headingsOf(readFileSync(join(root, file), 'utf8')).includes(heading);
}

/** As GitHub and GitLab name them. */
function headingsOf(text: string): string[] {
  const titles = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!.toLowerCase());
  return titles.map((title) => title.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** The lines in blocks of code, fenced or indented. */
export function codeLines(text: string): string[] {
  const fenced = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap((match) => match[1]!.split('\n'));
  const indented = [...withoutCode(text).matchAll(/^ {4}(\S.*)$/gm)].map((match) => match[1]!);
  return [...fenced, ...indented];
}

/** What stands between single backquotes in the text. */
export function codeSpans(text: string): string[] {
  return [...withoutCode(text).replaceAll(/\n(?!\n)/g, ' ').matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

/** The words after `rkt` of the command lines of rkt in a line of shell or of a unit file. */
export function commandLinesIn(line: string): string[][] {
  const starts = [...line.matchAll(/(?:^(?:\$ |exec )?|[=(;&|] ?|^\S+=)(?:\/usr\/bin\/)?rkt (?=[a-z-])/g)];
  return starts.map((match) => shellWords(line.slice(match.index + match[0].length)));
}

/** Words up to what ends a command; quotes are taken off, variables stay as they are. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  for (const [, end, single, double, plain] of text.matchAll(/\s*(?:([;&|)#]|\d?>|\s{2,}|\\$)|'([^']*)'|"([^"]*)"|((?:\$\([^)]*\)|[^\s;&|)>'"])+))/g)) {
    if (end !== undefined) break;
    words.push(single ?? double ?? plain ?? '');
  }
  return words;
}
