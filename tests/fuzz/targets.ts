import type { Target } from './target.ts';
import { tarReader, unpacker } from './targets/archives.ts';
import { configuration } from './targets/configuration.ts';
import { discoveryPages } from './targets/discovery-pages.ts';
import { httpAnswers } from './targets/http-answers.ts';
import { localImages } from './targets/local-images.ts';
import { manifests } from './targets/manifests.ts';
import { names } from './targets/names.ts';
import { registryAnswers } from './targets/registry-answers.ts';
import { sigstore } from './targets/sigstore.ts';
import { signatures } from './targets/signatures.ts';

/** Everything of rkt that reads what strangers write. */
export const targets: readonly Target[] = [
  names, discoveryPages, manifests, configuration, tarReader, httpAnswers, registryAnswers, signatures, sigstore, localImages, unpacker,
];
