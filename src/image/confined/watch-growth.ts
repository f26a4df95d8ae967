import { fstatSync } from 'node:fs';
import type { LayerInput } from '#store';
import type { Report } from '../context.ts';
import { ImageError } from '../image-error.ts';

const INTERVAL_MS = 100;

/** Someone who watches a file that another process fills. */
export interface Growth {
  /** Rejects as soon as there is more than was announced, and never settles else. */
  readonly tooLong: Promise<never>;
  /** Reports what there is in the end. */
  stop(): void;
}

/** Reports the progress of a layer, and sees to it that whoever fills the file does not fill the disk. */
export function watchGrowth({ digest, size }: LayerInput, fd: number, report: Report): Growth {
  const { promise: tooLong, reject } = Promise.withResolvers<never>();
  tooLong.catch(() => {});
  const look = (): void => {
    const done = fstatSync(fd).size;
    if (size !== undefined && done > size) reject(new ImageError('digest-mismatch', `blob ${digest}: more than the ${size} bytes it should have`));
    // Also where nothing has come: the rate falls.
    report.progress({ kind: 'layer', id: digest, done, total: size });
  };
  const timer = setInterval(look, INTERVAL_MS);
  return {
    tooLong,
    stop: () => {
      clearInterval(timer);
      look();
    },
  };
}
