import { readSync } from 'node:fs';
import type { ArchivedFile, ArchiveIndex } from '#store';
import { ImageError, type ImageErrorCode } from '../image-error.ts';

/** Where the files of an image are: a directory or an archive. Names are those of the format, never a user's. */
export interface ImageFiles {
  /** For messages. */
  readonly description: string;
  /** The whole of a small file. @throws {ImageError} bad-layout where it is missing or no regular file; too-large */
  read(name: string, limit: number): Promise<Buffer>;
  /** Where a file is in an archive; undefined in a directory. @throws {ImageError} bad-layout as `read` */
  place(name: string): ArchivedFile | undefined;
}

/** The files of a directory, which another process has and reads for us. */
export function directoryFiles(description: string, readFile: (name: string, limit: number) => Promise<ReadAnswer>): ImageFiles {
  return {
    description,
    read: async (name, limit) => {
      const answer = await readFile(name, limit);
      if ('bytes' in answer) return answer.bytes;
      throw new ImageError(answer.code, `${description}: ${name} ${answer.problem}`);
    },
    place: () => undefined,
  };
}

/** A problem is no failure: it may be that the file is not needed. */
export type ReadAnswer =
  | { readonly bytes: Buffer }
  | { readonly code: Extract<ImageErrorCode, 'bad-layout' | 'too-large' | 'file-unreadable'>; readonly problem: string };

export function tooLarge(limit: number): ReadAnswer {
  return { code: 'too-large', problem: `is larger than ${limit} bytes` };
}

const CHUNK = 1 << 18;

/** The files of an uncompressed archive that is open. */
export class ArchiveFiles implements ImageFiles {
  readonly description: string;
  readonly #fd: number;
  readonly #index: ArchiveIndex;

  constructor(fd: number, index: ArchiveIndex, description: string) {
    this.#fd = fd;
    this.#index = index;
    this.description = description;
  }

  has(name: string): boolean {
    return this.#index.has(name);
  }

  async read(name: string, limit: number): Promise<Buffer> {
    const file = this.place(name);
    if (file.size <= limit) return Buffer.concat([...this.pieces(file)]);
    throw new ImageError('too-large', `${this.description}: ${name} is larger than ${limit} bytes`);
  }

  place(name: string, options?: { followLinks: boolean }): ArchivedFile {
    const file = this.#index.find(name, options);
    if (file !== undefined) return file;
    const problem = this.#index.has(name) ? 'is not a regular file' : 'is missing';
    throw new ImageError('bad-layout', `${this.description}: ${name} ${problem}`);
  }

  pieces(part: ArchivedFile): Generator<Buffer> {
    return readPart(this.#fd, part);
  }
}

/** The bytes of a part of an open file, as far as there are any. */
export function* readPart(fd: number, part: ArchivedFile): Generator<Buffer> {
  for (let done = 0; done < part.size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, part.size - done));
    const got = readSync(fd, buffer, 0, buffer.length, part.position + done);
    if (got === 0) return;
    done += got;
    yield buffer.subarray(0, got);
  }
}
