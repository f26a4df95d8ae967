import type { Agent as HttpAgent, ClientRequest } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from './http-client.ts';
import { ANSWER_DEADLINE, HEADER_LIMIT, type Timeouts, USER_AGENT } from './limits.ts';

/** Sends one request over the network. @throws what Node says of the connection */
export async function sendOnce(
  request: HttpRequest,
  agent: HttpAgent | HttpsAgent,
  timeouts: Timeouts,
): Promise<HttpResponse> {
  const { url, method = 'GET', headers = {}, body } = request;
  const { request: open } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  return new Promise((resolve, reject) => {
    const sent = open(url, {
      agent: agent as HttpsAgent,
      method,
      headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'identity', ...headers },
      maxHeaderSize: HEADER_LIMIT,
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      sent.on('error', () => {});
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, url, body: answer });
    });
    watchConnect(sent, timeouts.connect);
    watchAnswer(sent, timeouts.answer ?? ANSWER_DEADLINE);
    sent.setTimeout(timeouts.idle, () => sent.destroy(timeoutError(`no data for ${timeouts.idle / 1000} s`)));
    sendBody(sent, body);
  });
}

function sendBody(sent: ClientRequest, body: HttpRequest['body']): void {
  const content = typeof body === 'function' ? body() : body;
  if (content === undefined || typeof content === 'string' || Buffer.isBuffer(content)) return void sent.end(content);
  content.once('error', (error) => sent.destroy(error));
  // A server that has answered early reads no more.
  sent.once('close', () => content.destroy());
  content.pipe(sent);
}

/** Ends a request whose connection does not come to stand in time. */
function watchConnect(sent: ClientRequest, limit: number): void {
  sent.once('socket', (socket: Socket & { encrypted?: boolean }) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => sent.destroy(timeoutError('cannot connect in time')), limit);
    const stop = () => clearTimeout(timer);
    socket.once(socket.encrypted === true ? 'secureConnect' : 'connect', stop);
    sent.once('close', stop);
  });
}

/** Ends a request whose answer does not begin in time: a head that comes in drops is never idle. */
function watchAnswer(sent: ClientRequest, limit: number): void {
  const timer = setTimeout(() => sent.destroy(timeoutError('no answer in time')), limit);
  const stop = () => clearTimeout(timer);
  sent.once('response', stop);
  sent.once('close', stop);
}

function timeoutError(text: string): Error {
  return Object.assign(new Error(text), { code: 'ETIMEDOUT' });
}
