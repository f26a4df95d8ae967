/** What reads and writes whole archives; loaded by those who need it. */
export { detectCompression, readUncompressed } from './aci/compression.ts';
export { packerMain } from './pack/packer-main.ts';
export { type ArchivedFile, type ArchiveIndex, indexArchive } from './tar/index-archive.ts';
export { type FileToArchive, writeArchive } from './tar/write-archive.ts';
