/** How images arrive in the store: from registries, URLs, files; converted and verified on the way. */
export type { FindOptions, ImageContext, ProgressEvent, PullPolicy, Report } from './context.ts';
export { fetcherMain } from './confined/fetcher.ts';
export { ImageError, type ImageErrorCode } from './image-error.ts';
export { loadExport } from './export/load-export.ts';
export { findImage } from './find-image.ts';
export type { InsecureOptions } from './insecure-options.ts';
export { checkEvidence, type EvidenceContext, type EvidenceOptions } from './trust/check-evidence.ts';
export { listTrusted, type TrustedSigner } from './trust/list-trusted.ts';
export { type KeyKind } from './trust/key-files.ts';
export { readSignatures, type SignatureSummary } from './trust/signature-summary.ts';
export { untrustKey, type UntrustRequest } from './trust/untrust-key.ts';
export { type KeyRemoval, type Keystore, type KeystoreDirs, openKeystore } from './trust/keystore.ts';
export { type TrustContext, type TrustedKey, trustKeys, type SigstoreRequest, type TrustRequest } from './trust/trust-keys.ts';
export { type Signer, type VerifiedAci, verifyAci } from './trust/verify-aci.ts';
