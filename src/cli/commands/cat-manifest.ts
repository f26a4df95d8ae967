import { renderPodManifest } from '#appc';
import { type Command, showUsage } from '../command.ts';
import { podArguments, withPod } from '../requests/pod-argument.ts';

/** `rkt cat-manifest UUID` */
export const execute: Command = async (context) => {
  const pods = await podArguments(context.line);
  const pod = pods?.[0];
  if (pod === undefined || pods?.length !== 1) return await showUsage(context);
  const engine = await context.engine();
  const manifest = await withPod('problem retrieving pod', () => engine.podManifest(pod));
  const pretty = context.line.flags.bool('pretty-print');
  return { stdout: `${renderPodManifest(manifest, pretty ? { indent: '\t' } : {})}\n`, exitCode: 0 };
};
