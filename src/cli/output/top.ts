import type { usageSortFields } from '../flags/usage-commands.ts';
import { type AppUsage, percentText, type PodUsage, sizeText } from './usage.ts';

/** What `rkt top` shows. */
export interface TopView {
  readonly sort: (typeof usageSortFields)[number];
  /** The least first. */
  readonly reversed: boolean;
}

const SORT_KEYS: Readonly<Record<string, TopView['sort']>> = { c: 'cpu', m: 'memory', i: 'io', p: 'pids', n: 'name' };
const CTRL_C = '\u0003';
const REVERSE_VIDEO = '\u001b[7m';
const PLAIN = '\u001b[0m';

/** What a key makes of it; undefined: it is the end. */
export function nextView(view: TopView, key: string | undefined): TopView | undefined {
  if (key === 'q' || key === CTRL_C) return undefined;
  if (key === 'r') return { ...view, reversed: !view.reversed };
  const sort = SORT_KEYS[key ?? ''];
  return sort === undefined ? view : { sort, reversed: false };
}

/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface Row extends AppUsage {
  readonly uuid: string;
}

const HEAD = ['UUID', 'APP', 'CPU', 'MEMORY', 'LIMIT', 'READ/s', 'WRITE/s', 'PIDS'];
/** Texts are flush left, numbers right. */
const TEXTS = 2;
const WIDTHS = [8, 20, 8, 9, 9, 9, 9, 6];
const HELP = 'sort: c CPU  m memory  i disks  p processes  n name   r reverse   q quit';

/** The whole of the terminal, a line each. */
export function topLines(pods: readonly PodUsage[], view: TopView, { columns, rows }: Size): string[] {
  const apps = pods.flatMap(({ uuid, apps: of }) => of.map((app): Row => ({ ...app, uuid })));
  const table = apps.toSorted((a, b) => compare(a, b, view)).map((row) => line(cellsOf(row)));
  const head = line(HEAD).slice(0, columns).padEnd(columns);
  const lines = [summary(pods, apps), '', `${REVERSE_VIDEO}${head}${PLAIN}`, ...table.slice(0, Math.max(0, rows - 4))];
  return [...lines.map((text) => (text.startsWith(REVERSE_VIDEO) ? text : text.slice(0, columns))).slice(0, rows - 1), HELP.slice(0, columns)];
}

function summary(pods: readonly PodUsage[], apps: readonly Row[]): string {
  const sum = (of: (row: Row) => number | undefined): number => apps.reduce((total, row) => total + (of(row) ?? 0), 0);
  return `rkt top: pods ${pods.length}, apps ${apps.length}, CPU ${percentText(sum((row) => row.cpuPercent))}, memory ${sizeText(sum((row) => row.memory))}`;
}

/** The greatest first, names from a on. */
function compare(a: Row, b: Row, { sort, reversed }: TopView): number {
  const byName = a.name < b.name ? -1 : a.name > b.name ? 1 : a.uuid < b.uuid ? -1 : 1;
  const order = sort === 'name' ? byName : weight(b, sort) - weight(a, sort) || byName;
  return reversed ? -order : order;
}

function weight(row: Row, sort: Exclude<TopView['sort'], 'name'>): number {
  if (sort === 'io') return (row.readRate ?? 0) + (row.writeRate ?? 0);
  return { cpu: row.cpuPercent, memory: row.memory, pids: row.pids }[sort] ?? -1;
}

function cellsOf({ uuid, name, cpuPercent, memory, memoryLimit, readRate, writeRate, pids }: Row): string[] {
  const sizes = [memory, memoryLimit, readRate, writeRate].map(sizeText);
  return [uuid.slice(0, 8), name, percentText(cpuPercent), ...sizes, pids === undefined ? '-' : String(pids)];
}

function line(cells: readonly string[]): string {
  return cells.map((cell, at) => (at < TEXTS ? cell.slice(0, WIDTHS[at]).padEnd(WIDTHS[at]!) : cell.padStart(WIDTHS[at]!))).join(' ');
}
