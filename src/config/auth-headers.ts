import { signForS3 } from './aws-signature.ts';
import type { Auth } from './config.ts';

/** What a signature covers besides the URL. */
export interface AuthRequest {
  /** GET unless given. */
  readonly method?: string;
  /** Now unless given. */
  readonly date?: Date;
}

/** See Config.authHeaders. */
export function authHeaders(url: URL, auth: ReadonlyMap<string, Auth>, request: AuthRequest = {}): Record<string, string> {
  if (url.protocol !== 'https:') return {};
  const found = auth.get(url.host);
  if (found === undefined) return {};
  switch (found.type) {
    case 'basic': {
      const { user, password } = found.credentials;
      return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    }
    case 'oauth':
      return { authorization: `Bearer ${found.credentials.token}` };
    case 'aws':
      return signForS3({ url, method: request.method ?? 'GET', date: request.date ?? new Date() }, found.credentials);
  }
}
