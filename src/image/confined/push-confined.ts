import type { ImageContext } from '../context.ts';
import { findCredentials } from '../registry/credentials.ts';
import type { Push } from '../registry/push-image.ts';
import { badMessage } from './messages.ts';
import { runWorker } from './run-worker.ts';

/** Pushes as `../registry/push-image.ts` does, by a process that has but the files that are pushed, to read. */
export async function pushConfined(push: Push, ctx: ImageContext): Promise<void> {
  await runWorker({
    self: ctx.self,
    report: ctx.report,
    request: { kind: 'push-image', ...push },
    handlers: {
      credentials: (registry) => {
        if (registry !== push.registry) throw badMessage();
        return findCredentials(registry, ctx.config);
      },
    },
  });
}
