import type { Auth, BasicCredentials, Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { listField, objectField, requiredField, stringField } from './field.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Kind auth: how to authenticate to the servers of some domains. */
export function parseAuth(value: Fields, settings: Settings): void {
  const domains = listField(value, 'domains', 'no domains specified');
  const type = requiredField(value, 'type', 'no auth type specified');
  const auth = parseCredentials(type, objectField(value, 'credentials'));
  for (const domain of domains) {
    if (settings.auth.has(domain)) {
      throw new ConfigError('duplicate', `auth for domain "${domain}" is already specified`);
    }
    settings.auth.set(domain, auth);
  }
}

function parseCredentials(type: string, fields: Fields): Auth {
  switch (type) {
    case 'basic':
      return { type, credentials: parseBasic(fields) };
    case 'oauth':
      return { type, credentials: { token: requiredField(fields, 'token', 'no oauth bearer token specified') } };
    case 'aws':
      return {
        type,
        credentials: {
          accessKeyID: requiredField(fields, 'accessKeyID', 'no AWS Access Key ID specified'),
          secretAccessKey: requiredField(fields, 'secretAccessKey', 'no AWS Secret Access Key specified'),
          awsRegion: stringField(fields, 'awsRegion') ?? '',
        },
      };
    default:
      throw new ConfigError('bad-file', `unknown auth type: "${type}"`);
  }
}

/** Kind dockerAuth: the user of some registries. */
export function parseDockerAuth(value: Fields, settings: Settings): void {
  const registries = listField(value, 'registries', 'no registries specified');
  const credentials = parseBasic(objectField(value, 'credentials'));
  for (const registry of registries) {
    if (settings.dockerAuth.has(registry)) {
      throw new ConfigError('duplicate', `credentials for docker registry "${registry}" are already specified`);
    }
    settings.dockerAuth.set(registry, credentials);
  }
}

function parseBasic(fields: Fields): BasicCredentials {
  return {
    user: requiredField(fields, 'user', 'user not specified'),
    password: requiredField(fields, 'password', 'password not specified'),
  };
}
