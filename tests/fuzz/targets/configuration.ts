import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptySettings, makeConfig } from '../../../src/config/config.ts';
import { parseConfigFile } from '../../../src/config/parse-config-file.ts';
import { renderConfig } from '../../../src/config/render-config.ts';
import { readDockerCredentials } from '../../../src/image/registry/docker-config.ts';
import { mutateJson } from '../mutate.ts';
import { subjectOf, type Target } from '../target.ts';

const v1 = (rktKind: string, rest: object): object => ({ rktKind, rktVersion: 'v1', ...rest });
const FILES = [
  v1('auth', { domains: ['a.com'], type: 'basic', credentials: { user: 'u', password: 'p' } }),
  v1('auth', { domains: ['a.com:1', 'b'], type: 'aws', credentials: { accessKeyID: 'k', secretAccessKey: 's', awsRegion: 'r' } }),
  v1('dockerAuth', { registries: ['quay.io'], credentials: { user: 'u', password: 'p' } }),
  v1('registry', { registries: ['docker.io'], mirrors: ['m:5000/hub'], insecure: ['http', 'tls'], caFile: '/ca.pem' }),
  v1('paths', { data: '/data', 'stage1-images': '/images' }),
  v1('stage1', { name: 'a', version: '1', location: 'docker://a/b' }),
];
const DOCKER = { auths: { 'quay.io': { auth: 'bWU6cHc=', identitytoken: '' } }, credHelpers: { 'x.io': 'none' }, credsStore: 'none' };

export const configuration: Target = {
  name: 'configuration',
  limit: 1000,
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rkt-fuzz-'));
    const run = async (random: Parameters<ReturnType<typeof subjectOf>['run']>[0]): Promise<void> => {
      if (random.chance(0.3)) {
        writeFileSync(join(directory, 'config.json'), mutateJson(DOCKER, random));
        await readDockerCredentials(['quay.io', 'x.io'], { DOCKER_CONFIG: directory, PATH: directory });
        return;
      }
      const settings = emptySettings();
      const kinds = ['auth', 'dockerAuth', 'registry', 'paths', 'stage1'];
      parseConfigFile({ path: 'x.json', text: mutateJson(random.pick(FILES), random), kinds }, settings);
      const config = makeConfig(settings, { systemDir: '', localDir: '', userDir: '' });
      renderConfig(config);
      for (const domain of config.auth.keys()) {
        const url = URL.parse(`https://${domain}/x y?a=%`);
        if (url !== null) config.authHeaders(url);
      }
    };
    return subjectOf(run, () => rmSync(directory, { recursive: true }));
  },
};
