/** The metadata service: what pods learn about themselves, and how they prove who they are (appc spec/ace.md). */
export { MetadataError, type MetadataErrorCode } from './metadata-error.ts';
export { registerPod, type RegisteredApp, unregisterPod } from './register-pod.ts';
export { type MetadataServiceOptions, serveMetadata } from './serve-metadata.ts';
