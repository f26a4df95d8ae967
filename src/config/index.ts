/** rkt's configuration: files of kind auth, dockerAuth, registry, paths and stage1, merged into one frozen Config. */
export { ConfigError, type ConfigErrorCode } from './config-error.ts';
export type { Auth, BasicCredentials, Config, ConfigDirs, RegistryConfig, Stage1Config, TrustConfig } from './config.ts';
export { loadConfig } from './load-config.ts';
export { renderConfig } from './render-config.ts';
