/** How images arrive in the store: from registries, URLs, files; converted and verified on the way. */
export type { FindOptions, ImageContext, ProgressEvent, PullPolicy, Report } from './context.ts';
export { fetcherMain } from './confined/fetcher.ts';
export { ImageError, type ImageErrorCode } from './image-error.ts';
export { findImage } from './find-image.ts';
export {
  INSECURE_OPTION_NAMES,
  type InsecureOptions,
  parseInsecureOptions,
  renderInsecureOptions,
} from './insecure-options.ts';
export { type Keystore, type KeystoreDirs, openKeystore } from './trust/keystore.ts';
export { type TrustContext, type TrustedKey, trustKeys, type TrustRequest } from './trust/trust-keys.ts';
export { type Signer, verifyAci } from './trust/verify-aci.ts';
