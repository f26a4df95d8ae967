import { writeSync } from 'node:fs';
import { messageOf } from '#errors';
import { mountOverlay, unshareMounts } from '#sys';
import { TarWriter } from '../tar/writer.ts';
import { packTree, syntheticEntry } from './pack-tree.ts';
import type { PackRequest } from './protocol.ts';

const STDOUT = 1;
const STDERR = 2;
const BUFFERED = 1 << 20;

/**
 * The packing process. Its mounts are its own and go with it, however it ends.
 *
 * @param argv one argument, a `PackRequest` as JSON
 * @returns the exit status; what went wrong is on standard error
 */
export function packerMain(argv: readonly string[]): number {
  try {
    pack(JSON.parse(argv[0] ?? '') as PackRequest);
    return 0;
  } catch (error) {
    writeSync(STDERR, messageOf(error));
    return 1;
  }
}

function pack(request: PackRequest): void {
  const output = new Output();
  const writer = new TarWriter((piece) => output.write(piece));
  if (request.first !== undefined) {
    const text = Buffer.from(request.first.text);
    writer.entry(syntheticEntry(request.first.name, text.length));
    writer.data(text);
    writer.endEntry();
  }
  if (request.opaqueRoot === true) {
    writer.entry(syntheticEntry(`${request.name}/.wh..wh..opq`));
    writer.endEntry();
  }
  packTree(rootOf(request), writer, { name: request.name, whiteouts: request.kind === 'layer' });
  writer.finish();
  output.flush();
}

function rootOf({ kind, directories, mountAt }: PackRequest): string {
  if (kind === 'layer' || mountAt === undefined) return directories[0]!;
  unshareMounts();
  mountOverlay({ target: mountAt, lowerDirs: directories });
  return mountAt;
}

/** Standard output, in large pieces. */
class Output {
  readonly #buffer = Buffer.allocUnsafe(BUFFERED);
  #filled = 0;

  write(piece: Buffer): void {
    if (this.#filled + piece.length > BUFFERED) this.flush();
    if (piece.length >= BUFFERED) return writeAll(piece);
    this.#filled += piece.copy(this.#buffer, this.#filled);
  }

  flush(): void {
    writeAll(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

function writeAll(bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(STDOUT, bytes, done);
}
