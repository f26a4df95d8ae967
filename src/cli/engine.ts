/** The composition root: here, and only here, the engine's parts are chosen and put together. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, type ConfigDirs, loadConfig } from '#config';
import type { ImageContext, KeystoreDirs } from '#image';
import { createEngine as createVerbs, type Engine, type GlobalOptions, type HostNetworks, type Listener, type MetadataRegistry } from '#stage0';
import { OCI_STAGE1, ociFlavor } from '#stage1/oci';
import { openStore, type Self, type Store } from '#store';
import { chooseDataDir, defaultUserConfigDir, isOwnUser } from './own-directories.ts';

const DEFAULT_STAGE1 = 'stage1-oci.aci';
const STAGE1_IMAGES = 'stage1-images';

export interface Program extends Self {
  /** The launcher that lets a user who is not root be that of a user namespace. */
  readonly userns: string;
  /** Where what comes with rkt lies: beside the executable. */
  readonly directory: string;
}

/** How this program is started again, with a hidden first argument. */
export function findSelf(): Program {
  const { isSea } = process.getBuiltinModule('node:sea');
  if (isSea()) {
    const directory = dirname(process.execPath);
    // File by file: the directory itself may be closed to others, as those who build and install like it.
    const files = ['openpgp.mjs', 'sigstore.cjs'].map((name) => `${directory}/${name}`);
    return { path: process.execPath, args: [], directory, confine: `${directory}/confine`, userns: `${directory}/userns`, files };
  }
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const root = fileURLToPath(new URL('../..', import.meta.url));
  return {
    path: process.execPath,
    args: [...process.execArgv, main],
    directory: join(root, 'dist'),
    confine: join(root, 'native/build/confine'),
    userns: join(root, 'native/build/userns'),
    files: [root, realpathSync(join(root, 'node_modules'))],
  };
}

/** Makes what is asked for at its first use, and keeps it. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

export function createEngine(options: GlobalOptions, listener: Listener): Engine {
  const self = findSelf();
  const config = once(() => loadConfig(configDirs(options)));
  const dataDir = chooseDataDir(options, config);
  const store = once(() => openStore(dataDir, { self }));
  return createVerbs({
    options,
    dataDir,
    listener,
    self,
    config,
    store,
    images: () => openImages(self, options, listener, config(), store()),
    metadata: () => metadataRegistry(metadataSocket(process.env)),
    networks: hostNetworks,
    flavor: async (name) => (name === OCI_STAGE1 ? ociFlavor : (await import('#stage1/external')).externalFlavor),
    defaultStage1: `${self.directory}/${DEFAULT_STAGE1}`,
    stage1Images: `${self.directory}/${STAGE1_IMAGES}`,
  });
}

/** Where the metadata service is told of pods; tests and several services on a host have others. */
export function metadataSocket(environment: Readonly<NodeJS.ProcessEnv>): string {
  return environment['RKT_METADATA_SOCKET'] ?? '/run/rkt/metadata-svc.sock';
}

async function metadataRegistry(socket: string): Promise<MetadataRegistry> {
  const { registerPod, unregisterPod } = await import('#services/metadata');
  return { register: (...pod) => registerPod(socket, ...pod), unregister: (uuid) => unregisterPod(socket, uuid) };
}

async function hostNetworks(): Promise<HostNetworks> {
  const { checkNetwork, collectNames, collectNetworks } = await import('#network');
  return { collect: collectNetworks, collectNames, check: checkNetwork };
}

export function configDirs({ configDirs: { systemDir, localDir, userDir } }: GlobalOptions): ConfigDirs {
  return { systemDir, localDir, userDir: userDir ?? defaultUserConfigDir() };
}

/** A user trusts keys for oneself: in one's own configuration, over what the machine trusts. */
function keystoreDirs(options: GlobalOptions): KeystoreDirs {
  const { systemDir, localDir, userDir } = configDirs(options);
  return { systemDir, localDir, ...(isOwnUser() ? { ownDir: userDir } : {}) };
}

async function openImages(
  self: Self,
  options: GlobalOptions,
  listener: Listener,
  config: Config,
  store: Store,
): Promise<ImageContext> {
  const { openKeystore } = await import('#image');
  return {
    self,
    store,
    config,
    insecure: options.insecure,
    keystore: openKeystore(keystoreDirs(options)),
    trustKeysFromHttps: options.trustKeysFromHttps,
    ...(listener.attended && { confirm: (text: string) => listener.confirm(text) }),
    report: {
      info: (text) => listener.warn(text),
      debug: (text) => listener.debug(text),
      progress: ({ kind, id, done, total }) =>
        listener.progress({ kind: done === total ? 'end' : kind === 'upload' ? 'upload' : 'download', id, done, total }),
    },
  };
}
