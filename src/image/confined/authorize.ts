import type { ImageContext } from '../context.ts';
import type { CallHandlers } from './run-worker.ts';
import { badMessage, checkObject, checkText } from './messages.ts';

const MOST_ORIGINS = 16;

/** Answers which headers let a worker in at a URL: it follows redirects, so that the URLs are not known beforehand. */
export function authorizeHandler({ config }: Pick<ImageContext, 'config'>): CallHandlers {
  const origins = new Set<string>();
  return {
    authorize: (argument) => {
      const { url: text, method } = checkObject(argument);
      const url = URL.parse(checkText(text));
      if (url === null || (method !== 'GET' && method !== 'HEAD' && method !== 'POST')) throw badMessage();
      if (origins.add(url.origin).size > MOST_ORIGINS) throw badMessage();
      return config.authHeaders(url, { method });
    },
  };
}
