import { messageOf } from '#errors';
import type { ImageVerification } from '#stage0';
import { badRequest } from '../cli-error.ts';
import { type Command, FAILURE } from '../command.ts';
import { signatureText } from '../output/signature.ts';

/** `rkt image verify IMAGE…`: stops at none, and fails if one is not as it should be. */
export const execute: Command = async ({ engine, line: { args }, say, sayError }) => {
  if (args.length === 0) throw badRequest('must provide at least one image ID');
  const verbs = await engine();
  let failed = false;
  for (const image of args) {
    try {
      const found = await verbs.imageVerify(image);
      const lines = [outcomeText(found), ...found.signatures.map((each) => `\tsigned by ${signatureText(each)}`)];
      say({ stream: 'stdout', text: `${lines.join('\n')}\n` });
    } catch (error) {
      sayError(error);
      failed = true;
    }
  }
  return { exitCode: failed ? FAILURE : 0 };
};

function outcomeText({ checksums, id, image, problem }: ImageVerification): string {
  switch (checksums) {
    case 'verified': return `successfully verified checksum for image: "${image}" ("${id}")`;
    case 'recorded': return `recorded checksums for image: "${image}" ("${id}"); the next verification compares with them`;
    case 'repaired': return `tree cache verification failed for image ${image}: ${messageOf(problem)};  rebuilding...`;
  }
}
