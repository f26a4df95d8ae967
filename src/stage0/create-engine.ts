import type { Engine } from './engine.ts';
import type { EngineParts } from './parts.ts';

/** The engine's verbs. Each loads what it needs when it is called: start-up time is the product. */
export function createEngine(parts: EngineParts): Engine {
  return {
    prepare: async (request) => (await import('./run.ts')).prepare(parts, request),
    run: async (request) => (await import('./run.ts')).run(parts, request),
    runPrepared: async (pod, options) => (await import('./run.ts')).runPrepared(parts, pod, options),
    enter: async (request) => (await import('./enter.ts')).enter(parts, request),
    attach: async (request, caller) => (await import('./attach.ts')).attach(parts, request, caller),
    attachPoints: async (pod, app) => (await import('./attach.ts')).attachPoints(parts, pod, app),
    logs: async (request, show) => (await import('./logs/read-logs.ts')).readLogs(parts, request, show),
    list: async () => (await import('./list.ts')).list(parts),
    status: async (pod) => (await import('./list.ts')).status(parts, pod),
    wait: async (pod, until, timeoutMs) => (await import('./wait.ts')).waitForPod(parts, pod, until, timeoutMs),
    podManifest: async (pod) => (await import('./list.ts')).podManifest(parts, pod),
    usage: async (pods) => (await import('./usage.ts')).usage(parts, pods),
    checkNetworks: async (pod) => (await import('./check-networks.ts')).checkNetworks(parts, pod),
    stop: async (pod, options) => (await import('./stop.ts')).stop(parts, pod, options),
    addApp: async (request) => (await import('./app-add.ts')).addApp(parts, request),
    startApp: async (request) => (await import('./app-life.ts')).startApp(parts, request),
    stopApp: async (request) => (await import('./app-life.ts')).stopApp(parts, request),
    rmApp: async (request) => (await import('./app-rm.ts')).rmApp(parts, request),
    rm: async (pod) => (await import('./gc.ts')).removePod(parts, pod),
    gc: async (request, observe) => (await import('./gc.ts')).collectGarbage(parts, request, observe),
    fetch: async ({ images, pullPolicy }) =>
      (await import('./find-images.ts')).findImages(parts, images, pullPolicy),
    trust: async (request) => (await import('./trust.ts')).trust(parts, request),
    trusted: async () => (await import('./trust.ts')).trusted(parts),
    untrust: async (request) => (await import('./trust.ts')).untrust(parts, request),
    imageList: async () => (await import('./images.ts')).listImages(parts.store()),
    imageManifest: async (image) => (await import('./images.ts')).readImage(parts.store(), image).manifest,
    imageVerify: async (image) => (await import('./images.ts')).verifyImage(parts, image),
    imageRm: async (images) => (await import('./images.ts')).removeImages(parts.store(), images),
    imageGc: async (gracePeriodMs) => (await import('./images.ts')).collectImages(parts, gracePeriodMs),
    imageExport: async (request) => (await import('./image-export.ts')).exportImage(parts, request),
    imageUnpack: async (request) => (await import('./image-unpack.ts')).unpackImage(parts, request),
    imagePush: async (image, destination) => (await import('./image-export.ts')).pushImage(parts, image, destination),
    exportPod: async (request) => (await import('./export-pod.ts')).exportPod(parts, request),
    config: async () => JSON.parse((await import('#config')).renderConfig(parts.config())) as object,
  };
}
