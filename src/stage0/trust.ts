import { trustKeys } from '#image';
import type { EngineParts } from './parts.ts';
import type { TrustRequest } from './requests.ts';

/** `rkt trust`: takes keys into the keystore, each after its fingerprint was shown and accepted. */
export async function trust(parts: EngineParts, request: TrustRequest): Promise<void> {
  const { prefix, keys, skipFingerprintReview, insecureAllowHttp } = request;
  await trustKeys(
    {
      ...(prefix !== undefined && { prefix }),
      keys,
      skipFingerprintReview,
      allowHttp: insecureAllowHttp,
      print: (line) => parts.listener.print(line),
    },
    await parts.images(),
  );
}
