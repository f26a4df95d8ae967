/** What reads and writes whole archives; loaded by those who need it. */
export { detectCompression } from './aci/compression.ts';
export { writeUncompressed } from './aci/write-uncompressed.ts';
export { archiverMain } from './pack/archiver-main.ts';
export { packerMain } from './pack/packer-main.ts';
export { type ArchivedFile, type ArchiveIndex, indexArchive } from './tar/index-archive.ts';
export { type FileToArchive, writeArchive } from './tar/write-archive.ts';
