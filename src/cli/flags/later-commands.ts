import { type CommandSpec, text } from './spec.ts';

const later = { grammar: 'free', later: true } as const;

/** Commands of rkt 1.30 that this version knows by name only. */
export const laterCommands: readonly CommandSpec[] = [
  { ...later, name: 'api-service', usage: '[--listen="localhost:15441"]', short: 'Run API service (experimental)', flags: [text('listen', 'address to listen on')] },
];
