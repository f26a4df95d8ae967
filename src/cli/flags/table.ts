import { globalFlags } from './global.ts';
import { fetchCommand, imageCommand } from './image-commands.ts';
import { appCommand } from './app-commands.ts';
import { laterCommands } from './later-commands.ts';
import { serviceCommands } from './service-commands.ts';
import { formatFlag, prettyPrintFlag } from './pod.ts';
import { podCommands } from './pod-commands.ts';
import { bool, type CommandSpec, text } from './spec.ts';
import { usageCommands } from './usage-commands.ts';

const trust: CommandSpec = {
  name: 'trust',
  usage: '[--prefix=PREFIX] [--insecure-allow-http] [--skip-fingerprint-review] [--root] [PUBKEY ...]',
  short: 'Trust a key for image verification',
  long: `Adds keys to the local keystore for use in verifying signed images.

PUBKEY may be either a local file or URL, of an OpenPGP key or of a public key
as cosign has it (PEM).

PREFIX scopes the applicability of PUBKEY to image names sharing PREFIX.

Meta discovery of PUBKEY at PREFIX will be attempted if no PUBKEY is specified.

To trust a key for all images instead of for specific images, --root can be
specified. Path to a key file must be given (no discovery).

With --sigstore-root, --identity and --issuer, images are trusted that were signed
with a certificate for that identity, by the authorities and logs of the trusted
root (trusted_root.json).

--list shows who may sign what. --remove takes back the trust in a key, for one
prefix or for all names if it is given with --prefix or --root, else everywhere.`,
  grammar: 'free',
  flags: [
    formatFlag,
    text('identity', 'with --sigstore-root: who may sign, a mail address or the URI of a workflow, in full'),
    bool('insecure-allow-http', 'allow HTTP use for key discovery and/or retrieval'),
    text('issuer', 'with --sigstore-root: who vouches for the identity, as https://accounts.google.com'),
    bool('list', 'list the keys and identities that are trusted'),
    text('prefix', 'prefix to limit trust to'),
    text('remove', 'take back the trust in the key or identity of this fingerprint'),
    bool('root', 'add root key from filesystem without a prefix'),
    text('sigstore-root', 'file or URL of a trusted root of a sigstore'),
    bool('skip-fingerprint-review', 'accept key without fingerprint confirmation'),
  ],
  examples: [
    { title: 'The keys of a vendor, as its site names them', text: 'rkt trust --prefix=example.com/worker' },
    { title: 'A key of cosign for the images of a repository', text: 'rkt trust --prefix=registry.example.com/team ./cosign.pub' },
    {
      title: 'What a workflow of GitHub signs',
      text: 'rkt trust --prefix=ghcr.io/example --sigstore-root=./trusted_root.json \\\n  --identity=https://github.com/example/app/.github/workflows/release.yml@refs/heads/main \\\n  --issuer=https://token.actions.githubusercontent.com',
    },
    { title: 'Who may sign what', text: 'rkt trust --list' },
  ],
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
  commands: [appCommand, ...podCommands, ...serviceCommands, ...usageCommands, ...laterCommands, completion, config, fetchCommand, help, imageCommand, trust, version].sort(byName),
};
