import { connect } from 'node:net';
import { unlessMissing } from '#sys';
import { OciStage1Error } from './errors.ts';
import { ociFiles } from './pod-paths.ts';
import { requireSupervisor } from './supervisor-process.ts';

/**
 * Says something to the supervisor of a pod whose apps change, and gives the line that it answers (native/README.md).
 * Makes the pod's directory the working one: a path to a socket has 107 characters at most.
 *
 * @throws {OciStage1Error} 'not-running'
 */
export async function askSupervisor(podDir: string, words: readonly string[]): Promise<string> {
  requireSupervisor(podDir);
  // A pod that has just ended may be moved by gc.
  unlessMissing(() => process.chdir(podDir));
  const answer = await exchange(words.map((word) => `${word}\0`).join(''));
  if (answer.endsWith('\n')) return answer.slice(0, -1);
  throw new OciStage1Error('not-running', 'the pod has ended');
}

function exchange(message: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path: ociFiles.control, allowHalfOpen: true });
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    // Whatever breaks the connection, the supervisor has gone.
    socket.on('error', () => resolve(answer)).on('close', () => resolve(answer));
    socket.end(message);
  });
}
