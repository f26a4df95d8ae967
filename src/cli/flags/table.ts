import { globalFlags } from './global.ts';
import { fetchCommand, imageCommand } from './image-commands.ts';
import { laterCommands } from './later-commands.ts';
import { prettyPrintFlag } from './pod.ts';
import { podCommands } from './pod-commands.ts';
import { bool, type CommandSpec, text } from './spec.ts';

const trust: CommandSpec = {
  name: 'trust',
  usage: '[--prefix=PREFIX] [--insecure-allow-http] [--skip-fingerprint-review] [--root] [PUBKEY ...]',
  short: 'Trust a key for image verification',
  long: `Adds keys to the local keystore for use in verifying signed images.

PUBKEY may be either a local file or URL.

PREFIX scopes the applicability of PUBKEY to image names sharing PREFIX.

Meta discovery of PUBKEY at PREFIX will be attempted if no PUBKEY is specified.

To trust a key for all images instead of for specific images, --root can be
specified. Path to a key file must be given (no discovery).`,
  grammar: 'free',
  flags: [
    bool('insecure-allow-http', 'allow HTTP use for key discovery and/or retrieval'),
    text('prefix', 'prefix to limit trust to'),
    bool('root', 'add root key from filesystem without a prefix'),
    bool('skip-fingerprint-review', 'accept key without fingerprint confirmation'),
  ],
  examples: [{ title: 'The keys of a vendor, as its site names them', text: 'rkt trust --prefix=example.com/worker' }],
};

const config: CommandSpec = {
  name: 'config',
  short: 'Print configuration for each stage in JSON format',
  long: `Prints the configuration that the files of all configuration directories make
together, as a JSON document with a list of entries for "stage0". Credentials
are part of it.`,
  grammar: 'free',
  flags: [prettyPrintFlag],
};

const version: CommandSpec = {
  name: 'version',
  short: 'Print the version and exit',
  long: 'Prints the version of rkt, and various build and configuration information.',
  grammar: 'free',
  flags: [],
};

const help: CommandSpec = {
  name: 'help',
  usage: '[command]',
  short: 'Help about any command',
  long: 'Prints what a command does and which options it takes.',
  grammar: 'free',
  flags: [],
};

const completion: CommandSpec = {
  name: 'completion',
  usage: 'SHELL',
  short: 'Output shell completion code for the specified shell',
  long: `Prints code for the shell to complete commands and options of rkt. The only
SHELL is bash.`,
  grammar: 'free',
  flags: [],
  examples: [{ title: 'In this shell', text: '. <(rkt completion bash)' }],
};

function byName(a: CommandSpec, b: CommandSpec): number {
  return a.name < b.name ? -1 : 1;
}

/** The program. Its flags are accepted by every command. */
export const rkt: CommandSpec = {
  name: 'rkt',
  usage: '[command]',
  short: 'rkt, the application container runner',
  long: `A CLI for running app containers on Linux.

To get the help on any specific command, run "rkt help command".`,
  grammar: 'free',
  flags: globalFlags,
  commands: [...podCommands, ...laterCommands, completion, config, fetchCommand, help, imageCommand, trust, version].sort(byName),
};
