import { HttpClient, type HttpPolicy } from '../http/http-client.ts';
import { KEY_LIMIT } from '../http/limits.ts';
import { readBody } from '../http/read-body.ts';
import { ImageError } from '../image-error.ts';

/** Downloads a key. @throws {ImageError} */
export async function readKey(url: URL, policy: HttpPolicy): Promise<Buffer> {
  using http = new HttpClient(policy);
  const response = await http.send({ url });
  if (response.status !== 200) {
    response.body.destroy();
    throw new ImageError('bad-status', `bad HTTP status code: ${response.status}`);
  }
  return await readBody(response.body, KEY_LIMIT, 'key');
}
