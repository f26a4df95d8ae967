import { listTrusted, trustKeys, untrustKey } from '#image';
import type { EngineParts } from './parts.ts';
import type { TrustRequest, UntrustRequest } from './requests.ts';
import type { KeyRemovalView, TrustedSignerView } from './views.ts';

/** `rkt trust`: takes keys into the keystore, each after its fingerprint was shown and accepted. */
export async function trust(parts: EngineParts, request: TrustRequest): Promise<void> {
  const { prefix, keys, sigstore, skipFingerprintReview, insecureAllowHttp } = request;
  await trustKeys(
    {
      ...(prefix !== undefined && { prefix }),
      keys,
      ...(sigstore !== undefined && { sigstore }),
      skipFingerprintReview,
      allowHttp: insecureAllowHttp,
      print: (line) => parts.listener.print(line),
    },
    await parts.images(),
  );
}

/** `rkt trust --list` */
export async function trusted(parts: EngineParts): Promise<readonly TrustedSignerView[]> {
  return listTrusted((await parts.images()).keystore);
}

/** `rkt trust --remove` */
export async function untrust(parts: EngineParts, request: UntrustRequest): Promise<readonly KeyRemovalView[]> {
  return untrustKey(request, (await parts.images()).keystore);
}
