import type { Socket } from 'node:net';
import { messageOf } from '#errors';
import { HttpClient } from '../../../src/image/http/http-client.ts';
import { readBody } from '../../../src/image/http/read-body.ts';
import { ImageError } from '../../../src/image/image-error.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { drip, RudeServer, writeForEver } from '../rude-server.ts';
import { subjectOf, type Target } from '../target.ts';

const BODY_LIMIT = 100_000;
const DEADLINE = 300;
const STATUS = ['200', '204', '301', '302', '304', '307', '308', '401', '404', '416', '500', '100', '999', '-1', 'x', ''];
const LOCATIONS = ['/', '//', '/%', 'http://127.0.0.1:1/', 'https://127.0.0.1/', 'file:///etc/passwd', 'http://[', '\0', 'http://a@127.0.0.1:1/', 'x'.repeat(9000)];

/** Servers that lie about lengths, never end, send in drops, redirect for ever, or speak no HTTP. */
export const httpAnswers: Target = {
  name: 'http-answers',
  limit: 5000,
  open: async () => {
    const server = await RudeServer.start();
    const run = async (random: Random): Promise<void> => {
      server.answer = (_, socket) => answer(socket, random);
      using http = new HttpClient({ plainHttp: true, verifyCertificates: true, timeouts: { connect: 500, idle: 150, answer: 300 }, retryWaits: [] });
      try {
        const response = await http.send({ url: new URL(`http://127.0.0.1:${server.port}/`) });
        await readBody(response.body, BODY_LIMIT, 'body', DEADLINE);
      } catch (error) {
        if (error instanceof ImageError || (error as { code?: string }).code === undefined) throw error;
        // A connection that breaks in a body is named by whoever reads it.
        throw new ImageError('connection-failed', messageOf(error), { cause: error });
      } finally {
        server.hangUp();
      }
    };
    return subjectOf(run, () => server[Symbol.asyncDispose]());
  },
};

function answer(socket: Socket, random: Random): void {
  if (random.chance(0.05)) return void socket.destroy();
  if (random.chance(0.05)) return writeForEver(socket, 'x'.repeat(1000));
  const head = headOf(random);
  socket.write(random.chance(0.2) ? mutateText(head, random) : head);
  switch (random.below(6)) {
    case 0:
      return writeForEver(socket, 'x'.repeat(10_000));
    case 1:
      return drip(socket);
    case 2:
      return;
    case 3:
      return void socket.end(random.bytes(random.below(400)));
    case 4:
      return void socket.end(random.pick(['5\r\nhello\r\n0\r\n\r\n', 'fffffffffffffffff\r\n', '-1\r\n', '5;x=y\r\nhel']));
    default:
      return void socket.end('hello');
  }
}

function headOf(random: Random): string {
  const lines = [`HTTP/1.1 ${random.pick(STATUS)} x`];
  const headers: (() => string)[] = [
    () => `Content-Length: ${random.pick(['5', '0', '-1', '1e3', '99999999999999999999', 'x', '5, 6'])}`,
    () => 'Transfer-Encoding: chunked',
    () => `Location: ${random.pick(LOCATIONS)}`,
    () => `X: ${'y'.repeat(random.pick([1, 10_000, 100_000]))}`,
    () => Array.from({ length: random.pick([1, 3000]) }, (_, index) => `H${index}: v`).join('\r\n'),
    () => 'Content-Encoding: gzip',
    () => 'Connection: close',
    () => `Retry-After: ${random.pick(['1', '-1', 'x'])}`,
    () => random.text(['a', ':', ' ', '\0', '\r', '\n', '\x80'], 10),
  ];
  for (let count = random.below(4); count > 0; count--) lines.push(random.pick(headers)());
  return `${lines.join('\r\n')}\r\n\r\n`;
}
