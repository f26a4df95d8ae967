/** How images leave the store: as OCI layouts and archives, and to registries. */
export { writeDockerArchive, writeOciArchive, writeOciLayout } from './write-oci.ts';
export { pushImage } from './push-image.ts';
