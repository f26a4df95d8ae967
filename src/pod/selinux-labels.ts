import { PodError } from './errors.ts';

/** What SELinux knows a pod by: contexts, `USER:ROLE:TYPE[:LEVEL]`. */
export interface SelinuxLabels {
  readonly process: string;
  readonly file: string;
  /** Of the files of images, which pods share and none can write. */
  readonly image: string;
}

/** No quote, comma outside the level or blank: a context becomes a mount option. */
const CONTEXT = /^[\w.]+:[\w.]+:[\w.]+(:[\w.,:-]+)?$/;

export function isSelinuxContextText(text: string): boolean {
  return CONTEXT.test(text);
}

/** The fourth part of a context; undefined where the policy has no levels. */
export function selinuxLevel(context: string): string | undefined {
  return /^[^:]*:[^:]*:[^:]*:(.*)$/.exec(context)?.[1];
}

export function renderSelinuxLabels({ process, file, image }: SelinuxLabels): string {
  return `${process}\n${file}\n${image}\n`;
}

/** @throws {PodError} 'bad-selinux-labels' */
export function parseSelinuxLabels(text: string): SelinuxLabels {
  const [process = '', file = '', image = '', ...rest] = text.split('\n');
  if (rest.join() === '' && [process, file, image].every(isSelinuxContextText)) return { process, file, image };
  throw new PodError('bad-selinux-labels', 'the SELinux labels of the pod are damaged');
}
