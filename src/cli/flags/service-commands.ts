import type { CommandSpec } from './spec.ts';

export const serviceCommands: readonly CommandSpec[] = [
  {
    name: 'metadata-service',
    usage: '[--listen-port=PORT]',
    short: 'Run metadata service',
    long: `Provides a means for running apps to introspect their execution environment and
assert their identity.

Pods that "rkt run --mds-register" starts are registered through the socket
/run/rkt/metadata-svc.sock, or the one that systemd passes. Apps find the
service's address in AC_METADATA_URL.`,
    grammar: 'free',
    needsRoot: true,
    flags: [{ name: 'listen-port', kind: 'int', initial: '18112', help: 'port to listen on. Apps are told of 18112 whatever it is' }],
    examples: [{ title: 'In a pod that is registered, its own UUID', text: 'wget -qO- "$AC_METADATA_URL/acMetadata/v1/pod/uuid"' }],
  },
];
