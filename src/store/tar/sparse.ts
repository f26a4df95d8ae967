import { StoreError } from '../store-error.ts';
import { parseDecimal, parseNumber } from './number.ts';
import type { PaxRecord } from './pax.ts';

/** A piece of a sparse file that the archive holds; between the pieces are holes. */
export interface SparsePiece {
  readonly position: number;
  readonly length: number;
}

/** What is known of a sparse file: its pieces, or that they stand at the head of its data (PAX 1.0). */
export interface SparseInfo {
  readonly realSize: number;
  readonly name?: Buffer;
  readonly pieces: SparsePiece[] | 'in-data';
}

/** The sparse file that PAX records of GNU tar's formats 0.0, 0.1 and 1.0 describe, if they do. */
export function sparseOf(records: readonly PaxRecord[]): SparseInfo | undefined {
  const last = new Map(records);
  const name = last.get('GNU.sparse.name');
  const named = name === undefined ? {} : { name };
  if (last.get('GNU.sparse.major')?.toString() === '1') {
    return { ...named, realSize: whole(last.get('GNU.sparse.realsize')), pieces: 'in-data' };
  }
  const size = last.get('GNU.sparse.size') ?? last.get('GNU.sparse.realsize');
  if (size === undefined) return undefined;
  const map = last.get('GNU.sparse.map');
  const pieces = map === undefined ? piecesOfRecords(records) : piecesOfNumbers(map.toString().split(','));
  return { ...named, realSize: whole(size), pieces };
}

/** Format 0.0: `GNU.sparse.offset` and `GNU.sparse.numbytes` by turns. */
function piecesOfRecords(records: readonly PaxRecord[]): SparsePiece[] {
  const numbers = records
    .filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
    .map(([, value]) => value.toString());
  return piecesOfNumbers(numbers);
}

function piecesOfNumbers(numbers: readonly string[]): SparsePiece[] {
  if (numbers.length === 1 && numbers[0] === '') return [];
  const pieces: SparsePiece[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    pieces.push({ position: whole(numbers[at]), length: whole(numbers[at + 1]) });
  }
  return pieces;
}

/** Old GNU format: four pieces at 386 of the header, 21 in each block that follows it. */
export function parseOldSparse(block: Buffer, at: number, count: number): SparsePiece[] {
  const pieces: SparsePiece[] = [];
  for (let index = 0; index < count; index += 1, at += 24) {
    if (block[at] === 0) break;
    const position = parseNumber(block.subarray(at, at + 12));
    const length = parseNumber(block.subarray(at + 12, at + 24));
    if (position === undefined || length === undefined) throw badMap();
    pieces.push({ position, length });
  }
  return pieces;
}

/** Format 1.0: decimal numbers, one a line, padded to a whole block. Undefined: more bytes are needed. */
export function parseInDataMap(data: Buffer, limit: number): { pieces: SparsePiece[]; bytes: number } | undefined {
  const lines = data.toString('latin1').split('\n');
  lines.pop();
  if (lines.length === 0) return undefined;
  const count = whole(lines[0]);
  if (count > limit) throw new StoreError('archive-limit', `the archive has a sparse file of more than ${limit} pieces`);
  if (lines.length < 1 + 2 * count) return undefined;
  const used = lines.slice(0, 1 + 2 * count);
  const length = used.reduce((sum, line) => sum + line.length + 1, 0);
  const bytes = Math.ceil(length / 512) * 512;
  return data.length < bytes ? undefined : { pieces: piecesOfNumbers(used.slice(1)), bytes };
}

/** Pieces must follow each other and fit both the file and the data. @throws {StoreError} `hostile-archive` */
export function checkPieces(pieces: readonly SparsePiece[], realSize: number, dataSize: number): void {
  let end = 0;
  let sum = 0;
  for (const { position, length } of pieces) {
    if (position < end || length < 0) throw badMap();
    end = position + length;
    sum += length;
  }
  if (end > realSize || sum !== dataSize) throw badMap();
}

function whole(value: Buffer | string | undefined): number {
  const number = value === undefined ? undefined : parseDecimal(value.toString());
  if (number === undefined || number < 0) throw badMap();
  return number;
}

function badMap(): StoreError {
  return new StoreError('hostile-archive', 'the archive has a sparse file with a malformed map');
}
