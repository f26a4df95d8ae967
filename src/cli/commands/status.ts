import type { NetworkState } from '#stage0';
import { attempt } from '../cli-error.ts';
import { type Command, type CommandContext, type Outcome, showUsage } from '../command.ts';
import { podStatusText } from '../output/pod-status.ts';
import type { Format } from '../output/pod-list.ts';
import { askedPods, withPod } from '../requests/pod-argument.ts';
import { parseWaiting, type Waiting } from '../requests/waiting.ts';

/** `rkt status UUID`, after waiting if that is asked for. */
export const execute: Command = async (context) => {
  const { flags } = context.line;
  const ready = parseWaiting(flags.text('wait-ready'));
  const exited = parseWaiting(flags.text('wait'));
  const pods = await askedPods(context);
  if (pods === 'unreadable') return { exitCode: 1 };
  const [pod, more] = pods ?? [];
  if (pod === undefined || more !== undefined || ready === 'invalid' || exited === 'invalid') return await showUsage(context);
  await waitUntil(context, pod, 'ready', ready);
  await waitUntil(context, pod, 'exited', exited);
  const engine = await context.engine();
  const view = await withPod('problem retrieving pod', () => engine.status(pod));
  const networks = flags.bool('check-networks') ? await engine.checkNetworks(pod) : [];
  return outcomeOf(podStatusText(view, flags.text('format') as Format), networks, flags.text('format') === '');
};

/** Lines about networks are for people: a JSON document stays one. */
function outcomeOf(status: string, networks: readonly NetworkState[], asText: boolean): Outcome {
  const lines = asText ? networks.map(({ network, state }) => `network-${network}=${state}\n`) : [];
  const broken = networks.filter(({ state }) => state === 'broken');
  const problems = broken.map(({ network, problem }) => `status: network ${JSON.stringify(network)}: ${problem}\n`);
  return { stdout: status + lines.join(''), stderr: problems.join(''), exitCode: broken.length > 0 ? 1 : 0 };
}

const waitingFor = { ready: 'error waiting for pod readiness', exited: 'error waiting for pod to finish' } as const;

async function waitUntil(context: CommandContext, pod: string, until: 'ready' | 'exited', waiting: Waiting): Promise<void> {
  if (waiting === undefined) return;
  const engine = await context.engine();
  await withPod('problem retrieving pod', () => engine.status(pod));
  await attempt(waitingFor[until], () => engine.wait(pod, until, waiting === 'for ever' ? undefined : waiting));
}
