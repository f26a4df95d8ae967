import type { RuntimeApp } from '#appc';
import type { PodFile } from './mounts.ts';
import { ociFiles } from './pod-paths.ts';

/** That the app tells when it is ready, as `rkt` had it. */
const SUPPORTS_NOTIFY = 'appc.io/executor/supports-systemd-notify';

/** Where an app finds the socket for that; /dev is a file system that is made anew for each app. */
const APP_SOCKET = '/dev/rkt/notify';

/** What the supervisor is told of the service manager that started rkt (sd_notify(3), sd_watchdog_enabled(3)). */
export function managerArguments(environment: Readonly<NodeJS.ProcessEnv>, warn: (text: string) => void): string[] {
  const { NOTIFY_SOCKET: socket } = environment;
  if (socket === undefined || socket === '') return [];
  if (/^[/@]/.test(socket)) return [`--notify-socket=${socket}`, ...watchdogArguments(environment)];
  warn(`warning: NOTIFY_SOCKET="${socket}" is of a kind that is not supported: nobody is told when the pod is ready`);
  return [];
}

function watchdogArguments({ WATCHDOG_PID: pid, WATCHDOG_USEC: microseconds = '' }: Readonly<NodeJS.ProcessEnv>): string[] {
  if (!/^[1-9]\d{0,11}$/.test(microseconds)) return [];
  if (pid !== undefined && pid !== String(process.pid)) return [];
  const milliseconds = Math.floor(Number(microseconds) / 1000);
  return milliseconds < 2 ? [] : [`--watchdog-ms=${Math.min(milliseconds, 2 ** 31 - 1)}`];
}

export function notifies(app: RuntimeApp): boolean {
  return (app.annotations ?? []).some(({ name, value }) => name === SUPPORTS_NOTIFY && value === 'true');
}

/** The supervisor makes the socket before the app is started. */
export function notifyFiles(podDir: string, app: RuntimeApp): PodFile[] {
  return notifies(app) ? [{ source: `${podDir}/${ociFiles.notifySocket(app.name)}`, target: APP_SOCKET, readOnly: true }] : [];
}

export function notifyEnvironment(app: RuntimeApp): [string, string][] {
  return notifies(app) ? [['NOTIFY_SOCKET', APP_SOCKET]] : [];
}
