import { readFileSync, writeSync } from 'node:fs';
import { messageOf } from '#errors';
import { writeWhole } from '#sys';
import { TarWriter } from '../tar/writer.ts';
import { packTree, syntheticEntry } from './pack-tree.ts';
import type { ArchiveRequest } from './protocol.ts';
import { fromWireXattrs } from './trusted-xattrs.ts';

const STDOUT = 1;
const STDERR = 2;
const BUFFERED = 1 << 20;

/**
 * The process that reads a tree and writes it to standard output as an archive. It is started confined: it may read
 * that tree, whoever its files belong to, and nothing else.
 *
 * @param argv the descriptor of a file with an `ArchiveRequest` as JSON
 * @returns the exit status; what went wrong is on standard error
 */
export function archiverMain(argv: readonly string[]): number {
  try {
    archive(JSON.parse(readFileSync(Number(argv[0]), 'utf8')) as ArchiveRequest);
    return 0;
  } catch (error) {
    writeSync(STDERR, messageOf(error));
    return 1;
  }
}

function archive(request: ArchiveRequest): void {
  const { root, kind, name, first, opaqueRoot, trusted, users } = request;
  const output = new Output();
  const writer = new TarWriter((piece) => output.write(piece));
  if (first !== undefined) {
    const text = Buffer.from(first.text);
    writer.entry(syntheticEntry(first.name, text.length));
    writer.data(text);
    writer.endEntry();
  }
  if (opaqueRoot === true) {
    writer.entry(syntheticEntry(`${name}/.wh..wh..opq`));
    writer.endEntry();
  }
  packTree(root, writer, { name, whiteouts: kind === 'layer', trusted: fromWireXattrs(trusted), ...(users && { users }) });
  writer.finish();
  output.flush();
}

/** Standard output, in large pieces. */
class Output {
  readonly #buffer = Buffer.allocUnsafe(BUFFERED);
  #filled = 0;

  write(piece: Buffer): void {
    if (this.#filled + piece.length > BUFFERED) this.flush();
    if (piece.length >= BUFFERED) return writeWhole(STDOUT, piece);
    this.#filled += piece.copy(this.#buffer, this.#filled);
  }

  flush(): void {
    writeWhole(STDOUT, this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
