/** What functional tests, the demo and the benchmarks start from: homes, images, keys, registries. */
export { type CosignKeyFiles, makeCosignKey, pushCosignSignature } from './cosign.ts';
export { openHome, type Home, type RktOptions, rktProgram } from './home.ts';
export { makeRootfs, makeBusyboxAci, type AciOptions } from './busybox.ts';
export { makeKey, type SigningKey } from './signing-key.ts';
export { makeOciLayout, type LayerOptions, type LayoutOptions } from './oci-layout.ts';
export { startRegistry, type Registry } from './registry.ts';
export { cgroupsOf, findLeaks } from './leaks.ts';
export { run, type RunOptions, type RunResult } from './run.ts';
export { makeServiceApp } from './service-app.ts';
export { openServiceManager, type ServiceManager } from './service-manager.ts';
export { missingPrograms, needs } from './needs.ts';
export { findKillPoints, type KillPoint, runKilledAt, sampleOf } from './kill-points.ts';
export { findPodLeaks } from './pod-leaks.ts';
export { diffTrees, listTree, type TreeListing } from './tree-listing.ts';
export { type AciSite, type SiteFile, startAciSite } from './aci-site.ts';
export { makeRichImage } from './rich-image.ts';
export { openNetHost, type NetHost, type NetHostOptions } from './net-host.ts';
