import { isTerminal, makeRaw } from '#sys';
import type { AttachedCaller } from '#stage0';

/** This process, as one who is attached to an app. */
export function attachedCaller(): AttachedCaller {
  const { stderr, stdin, stdout } = process;
  return {
    input: stdin,
    output: stdout,
    error: stderr,
    takeKeys: isTerminal(0) ? takeKeys : undefined,
    onSize(tell) {
      const size = (): void => {
        if (stdout.isTTY) tell({ rows: stdout.rows, columns: stdout.columns });
      };
      stdout.on('resize', size);
      size();
    },
  };
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** The terminal is given back however rkt ends, but by SIGKILL. */
function takeKeys(): () => void {
  const restore = makeRaw(0);
  const onSignal = (signal: NodeJS.Signals): void => {
    giveBack();
    process.kill(process.pid, signal);
  };
  const giveBack = (): void => {
    restore();
    process.off('exit', restore);
    for (const signal of ENDING) process.off(signal, onSignal);
  };
  process.on('exit', restore);
  for (const signal of ENDING) process.on(signal, onSignal);
  return giveBack;
}
