import { spawn } from 'node:child_process';
import { once } from 'node:events';

const LISTEN = `
my $path = shift; $path =~ s/^\\@/\\0/;
socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, pack_sockaddr_un($path)) or die "$path: $!";
$| = 1; print "--\\n";
while (defined recv(S, my $message, 65536, 0)) { print "$message--\\n" }`;

/** What a service manager hears at NOTIFY_SOCKET. */
export interface ServiceManager extends AsyncDisposable {
  /** What was said so far, a message an entry. */
  readonly said: readonly string[];
}

/** Listens on a path or, after `@`, an abstract name. By perl: Node has no datagrams on local sockets. */
export async function openServiceManager(path: string): Promise<ServiceManager> {
  const child = spawn('perl', ['-MSocket', '-e', LISTEN, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('--\n');
    rest = messages.pop()!;
    said.push(...messages.filter((message) => message !== ''));
  });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  return {
    said,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
