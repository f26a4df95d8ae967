import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { writeWhole } from '#sys';
import { syntheticEntry } from '../pack/pack-tree.ts';
import { TarWriter } from './writer.ts';

/** A file to be archived: its content, or the path of a file that has it. */
export interface FileToArchive {
  readonly name: string;
  readonly content: Buffer | { readonly path: string };
}

const CHUNK = 1 << 20;

/** Writes files into a tar archive as root's, of 1970, in the order given: the same bytes for the same content. */
export function writeArchive(fd: number, files: readonly FileToArchive[]): void {
  const writer = new TarWriter((piece) => writeWhole(fd, piece));
  for (const { name, content } of files) {
    if (Buffer.isBuffer(content)) {
      writer.entry(syntheticEntry(name, content.length));
      writer.data(content);
    } else {
      writer.entry(syntheticEntry(name, statSync(content.path).size));
      copy(content.path, writer);
    }
    writer.endEntry();
  }
  writer.finish();
}

function copy(path: string, writer: TarWriter): void {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) writer.data(buffer.subarray(0, got));
  } finally {
    closeSync(fd);
  }
}
