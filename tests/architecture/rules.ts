import { basename, dirname, join, normalize } from 'node:path';
import { forbiddenNames, maximumLines, maximumTestLines, mayImport, reserved } from './rooms.ts';
import { roomOf, type Source } from './sources.ts';

/** One breach of a rule, as the reader of a failed test wants it: file, what, and what to do instead. */
export type Breach = string;

export interface Package {
  /** `#pod` → `./src/pod/index.ts`. */
  readonly doors: Readonly<Record<string, string>>;
  readonly dependencies: readonly string[];
}

/** Imports between rooms: by the door only, and along the table. Test files may use any room's door. */
export function importBreaches(source: Source, project: Package): Breach[] {
  return source.imports.flatMap((specifier) => {
    if (specifier.startsWith('.')) return relativeBreaches(source, specifier);
    if (specifier.startsWith('#')) return doorBreaches(source, specifier, project);
    return outsideBreaches(source, specifier, project);
  });
}

function relativeBreaches(source: Source, specifier: string): Breach[] {
  const target = normalize(join(dirname(source.path), specifier));
  const room = roomOf(target);
  if (source.room === undefined || room === source.room) return [];
  return [`${source.path} imports ${specifier}, which is in ${room ?? target}: go through the door, '#${room ?? '…'}'`];
}

function doorBreaches(source: Source, specifier: string, project: Package): Breach[] {
  const door = project.doors[specifier];
  if (door === undefined) {
    return [`${source.path} imports '${specifier}', which is no room's door: only names in package.json "imports" are`];
  }
  const target = roomOf(door.slice(2));
  if (source.room === undefined || source.isTest || target === 'errors') return [];
  if (target === source.room) return [`${source.path} imports its own room by the door: use a relative import`];
  const allowed = mayImport[source.room];
  if (allowed === undefined) return [`${source.path}: room ${source.room} is not in tests/architecture/rooms.ts`];
  if (target !== undefined && allowed.includes(target)) return [];
  const list = allowed.length === 0 ? 'nobody' : allowed.join(', ');
  return [`${source.path} imports '${specifier}', but ${source.room} may import ${list} (tests/architecture/rooms.ts)`];
}

function outsideBreaches(source: Source, specifier: string, project: Package): Breach[] {
  const rule = reserved[specifier];
  if (rule !== undefined && source.room !== undefined && !source.isTest && rule.room !== source.room) {
    return [`${source.path} imports ${specifier}, which only ${rule.room} may: ${rule.instead}`];
  }
  if (source.room === undefined || source.isTest || specifier.startsWith('node:')) return [];
  const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  if (project.dependencies.includes(name)) return [];
  return [`${source.path} imports ${specifier}, which is neither node: nor among "dependencies" in package.json`];
}

const terminal: readonly (readonly [RegExp, string])[] = [
  [/\bprocess\.argv\b/, 'process.argv'],
  [/\bprocess\.stdout\b/, 'process.stdout'],
  [/\bprocess\.exit(Code)?\b/, 'process.exit'],
  [/\bconsole\.\w+\(/, 'the console'],
];

/** Only `cli` reads the command line, prints, and decides exit codes. */
export function terminalBreaches(source: Source): Breach[] {
  if (source.room === undefined || source.room === 'cli' || source.isTest) return [];
  return terminal
    .filter(([pattern]) => pattern.test(source.code))
    .map(([, what]) => `${source.path} touches ${what}, which only cli may: return data or throw an RktError`);
}

export function sizeBreaches(source: Source): Breach[] {
  const lines = source.text.split('\n').length - 1;
  const maximum = source.isTest ? maximumTestLines : maximumLines;
  if (lines <= maximum) return [];
  return [`${source.path} has ${lines} lines, more than ${maximum}: it has more than one subject, split it by subject`];
}

export function nameBreaches(path: string): Breach[] {
  const breaches = path
    .split('/')
    .map((part) => part.replace(/(\.test|\.fixture)?\.ts$/, ''))
    .filter((part) => forbiddenNames.includes(part))
    .map((part) => `${path}: nothing is called ${part}; code without a room belongs to its one caller, or a noun is missing`);
  const name = basename(path);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.fixture)?\.ts$/.test(name)) breaches.push(`${path}: files are named in kebab-case`);
  return breaches;
}

export function unfinishedBreaches(source: Source): Breach[] {
  const mark = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['X', 'XX'].join('')})\\b`);
  const line = source.text.split('\n').findIndex((text) => mark.test(text) && !text.includes('XXXXXX'));
  return line === -1 ? [] : [`${source.path}:${line + 1} is marked unfinished: finish it, or say what holds as a fact`];
}
