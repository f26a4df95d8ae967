import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgramSync } from '#sys';
import { findCommand } from '../parse/find-command.ts';
import { bashCompletion } from './bash-completion.ts';
import { helpText } from './help.ts';

function help(...words: string[]): string {
  const { command, path } = findCommand(words);
  return helpText(command, path);
}

/** The layout and the texts of rkt 1.30, with what is new among them; without empty lines. */
const trust = `NAME:
	trust - Trust a key for image verification
USAGE:
	rkt trust [--prefix=PREFIX] [--insecure-allow-http] [--skip-fingerprint-review] [--root] [PUBKEY ...]
DESCRIPTION:
	Adds keys to the local keystore for use in verifying signed images.
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
	prefix or for all names if it is given with --prefix or --root, else everywhere.
OPTIONS:
      --format=				output format: 'json' or 'json-pretty'. If empty, text
      --identity=""			with --sigstore-root: who may sign, a mail address or the URI of a workflow, in full
      --insecure-allow-http[=false]	allow HTTP use for key discovery and/or retrieval
      --issuer=""			with --sigstore-root: who vouches for the identity, as https://accounts.google.com
      --list[=false]			list the keys and identities that are trusted
      --prefix=""			prefix to limit trust to
      --remove=""			take back the trust in the key or identity of this fingerprint
      --root[=false]			add root key from filesystem without a prefix
      --sigstore-root=""		file or URL of a trusted root of a sigstore
      --skip-fingerprint-review[=false]	accept key without fingerprint confirmation
GLOBAL OPTIONS:
      --debug[=false]			print out more debug information to stderr
      --dir=/var/lib/rkt		rkt data directory
      --insecure-options=none		comma-separated list of security features to disable. Allowed values: "none", "image", "tls", "ondisk", "http", "pubkey", "capabilities", "paths", "seccomp", "all-fetch", "all-run", "all"
      --local-config=/etc/rkt		local configuration directory
      --system-config=/usr/lib/rkt	system configuration directory
      --trust-keys-from-https[=false]	automatically trust gpg keys fetched from https
      --user-config=			user configuration directory
`;

test('helpText, trust, has the layout and the texts of rkt 1.30', () => {
  assert.equal(help('trust').split('\n').filter((line) => !/^\s+$/.test(line) && line !== '').join('\n') + '\n', trust);
});

test('helpText, rkt itself, names the commands that are there and no others', () => {
  const text = help();
  assert.match(text, /\nVERSION:\n\t2\.0\.0\n/);
  assert.match(text, /\n\timage list\t+List images in the local store\n/);
  for (const absent of ['api-service', 'image fetch']) assert.ok(!text.includes(`\n\t${absent}`), absent);
});

test('helpText, run, tells of no flag that is deprecated, hidden or not there', () => {
  const text = help('run');
  assert.match(text, /\n {6}--net\[=\]\t/);
  assert.match(text, /\n {6}--pull-policy="new"\t/);
  for (const absent of ['--cap-retain', '--store-only']) assert.ok(!text.includes(absent), absent);
});

test('bashCompletion, in a bash, completes commands and flags', () => {
  const script = `${bashCompletion()}
    try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); __rkt 2>/dev/null; echo "\${COMPREPLY[*]}"; }
    try rkt im; try rkt image l; try rkt image list --no; try rkt --debug run --uuid`;
  const { stdout } = runProgramSync('bash', ['--norc', '-c', script], { timeout: 20_000 });
  assert.deepEqual(stdout.trim().split('\n'), ['image', 'list', '--no-legend', '--uuid-file-save=']);
});
