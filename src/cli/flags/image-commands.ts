import { deprecatedPullFlags, pullPolicyFlag, signatureFlag } from './app.ts';
import { formatFlag, prettyPrintFlag } from './pod.ts';
import { bool, type CommandSpec, duration, value } from './spec.ts';

/** What `image list` can show and sort by, in the order of its columns. */
export const imageFields = ['id', 'name', 'size', 'importtime', 'lastused'] as const;
/** Shown where it is asked for, and at the end of the long table: rkt's own stays as it is. */
export const moreImageFields = ['signedby'] as const;
export const imageSortFields = ['name', 'importtime', 'lastused', 'size'] as const;

/** What `image export` can write. */
const imageFormats = ['aci', 'oci', 'oci-archive', 'docker-archive'] as const;

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

export const fetchCommand: CommandSpec = {
  name: 'fetch',
  usage: 'IMAGE_URL...',
  short: 'Fetch image(s) and store them in the local store',
  long: `Finds and downloads images and their signatures, and prints their IDs.

With --pull-policy=new an image that is in the store is not fetched again.`,
  grammar: 'images',
  flags: [
    ...deprecatedPullFlags,
    bool('full', 'print the full image ID'),
    pullPolicyFlag('update'),
    signatureFlag,
  ],
  examples: [
    { title: 'By name, as signed by a trusted key', text: 'rkt fetch example.com/worker:1.2' },
    { title: 'From a Docker registry, though it is not signed', text: 'rkt --insecure-options=image fetch docker://alpine:3' },
    { title: 'From an OCI image layout on this machine', text: 'rkt fetch oci:./layout:1.2' },
    { title: 'From standard input', text: 'docker save app:1.2 | rkt --insecure-options=image fetch -' },
  ],
};

const aboutImage = 'IMAGE should be a string referencing an image; either an ID or an image name.';

export const imageCommand: CommandSpec = {
  name: 'image',
  usage: '[command]',
  short: 'Operate on image(s) in the local store',
  long: `An image of the local store is named by its ID, in full or the first part of it,
as in "sha512-78c08a541997", or by its name, with or without a version, as in
"quay.io/coreos/etcd:v3.0.13". Of several images of a name the one imported
last is meant.`,
  grammar: 'free',
  flags: [],
  commands: [
    {
      name: 'cat-manifest',
      usage: 'IMAGE',
      short: 'Inspect and print the image manifest',
      long: aboutImage,
      grammar: 'free',
      flags: [prettyPrintFlag],
      examples: [{ title: 'What an image runs', text: "rkt image cat-manifest example.com/worker | jq .app.exec" }],
    },
    {
      name: 'export',
      usage: 'IMAGE OUTPUT_FILE',
      short: 'Export a stored image to an ACI file',
      long: `Writes an image to a file. An ACI is written as it was imported, uncompressed;
an image of layers as one ACI that has the files an app would see.

With --format=oci the output is a directory, an OCI image layout; oci-archive is
the same as one tar file, and docker-archive what docker load reads. Layers are
archived anew: the content is that of the image, the digests are others.`,
      grammar: 'free',
      flags: [
        value('format', 'what to write. Accepted values: "aci", "oci", "oci-archive", "docker-archive"', { initial: 'aci', choices: imageFormats }),
        bool('overwrite', 'overwrite the output'),
      ],
      examples: [
        { title: 'As an ACI', text: 'rkt image export example.com/worker:1.2 worker.aci' },
        { title: 'For docker load', text: 'rkt image export --format=docker-archive quay.io/team/app:1.2 app.tar' },
      ],
    },
    {
      name: 'extract',
      usage: 'IMAGE OUTPUT_DIR',
      short: 'Extract a stored image to a directory',
      long: `Unpacks an image into a directory that is made: its manifest, and its files in
rootfs. Images that it depends on are not unpacked; image render does that.`,
      grammar: 'free',
      needsRoot: true,
      flags: [bool('overwrite', 'overwrite the directory'), bool('rootfs-only', 'extract the root file system only')],
      examples: [{ title: 'The files only', text: 'rkt image extract --rootfs-only example.com/worker ./worker' }],
    },
    { ...fetchCommand, hidden: true },
    {
      name: 'gc',
      short: 'Garbage collect local store',
      long: `To be run periodically, by a timer or cron. Removes unpacked images that no pod
needs, and images that were not used for the grace period.`,
      grammar: 'free',
      flags: [duration('grace-period', '24h0m0s', 'how long an image stays after it was last used')],
      examples: [{ title: 'Every image that no pod needs', text: 'rkt image gc --grace-period=0s' }],
    },
    {
      name: 'list',
      short: 'List images in the local store',
      long: 'Prints a table of the images, with the fields and in the order asked for.',
      grammar: 'free',
      flags: [
        value('fields', `comma-separated list of fields to display. Accepted values: ${quoted([...imageFields, ...moreImageFields])}`, {
          initial: imageFields.join(','),
        }),
        formatFlag,
        bool('full', 'use long output format'),
        bool('no-legend', 'do not print the names of the columns'),
        value('order', 'sorting order. Accepted values: "asc", "desc"', { initial: 'asc' }),
        value('sort', `comma-separated list of fields to sort by. Accepted values: ${quoted(imageSortFields)}`, {
          initial: 'importtime',
        }),
      ],
      examples: [
        { title: 'The largest last', text: 'rkt image list --fields=name,size --sort=size' },
        { title: 'Who signed what', text: 'rkt image list --fields=name,signedby' },
      ],
    },
    {
      name: 'push',
      usage: 'IMAGE docker://REFERENCE',
      short: 'Push a stored image to a registry',
      long: `Makes an OCI image of a stored image and pushes it to a registry under the tag
of REFERENCE; what the registry has already is not sent. Prints the digest of
the manifest. Layers are archived anew: the content is that of the image, the
digests are others than those it once came with.`,
      grammar: 'free',
      needsRoot: true,
      flags: [],
      examples: [{ title: 'To a registry of the team', text: 'rkt image push example.com/worker:1.2 docker://registry.example.com/team/worker:1.2' }],
    },
    {
      name: 'render',
      usage: 'IMAGE OUTPUT_DIR',
      short: 'Render a stored image to a directory with all its dependencies',
      long: `Unpacks an image into a directory that is made, together with the images it
depends on: its manifest, and in rootfs the files an app would see.`,
      grammar: 'free',
      needsRoot: true,
      flags: [bool('overwrite', 'overwrite the directory'), bool('rootfs-only', 'render the root file system only')],
      examples: [{ title: 'With the manifest', text: 'rkt image render quay.io/team/app:1.2 ./app' }],
    },
    {
      name: 'rm',
      usage: 'IMAGE...',
      short: 'Remove one or more images with the given IDs or image names from the local store',
      long: 'Removes certain images, whereas image gc removes all that were not used for long enough.',
      grammar: 'free',
      flags: [],
      examples: [{ title: 'By ID and by name', text: 'rkt image rm sha512-12f7bf979a5f example.com/worker:1.2' }],
    },
    {
      name: 'verify',
      usage: 'IMAGE...',
      short: 'Verify one or more images in the local store',
      long: `Reads images again, and their unpacked files, and compares them with the hashes
made when they came in. An ACI whose unpacked files have changed is unpacked anew.
Who signed an image is judged again as when it was fetched.

The layers of a Docker image are hashed when they are verified for the first time,
or sealed when they are unpacked where the file system has fs-verity.`,
      grammar: 'free',
      flags: [],
      examples: [{ title: 'All images', text: 'rkt image list --fields=id --full --no-legend | xargs rkt image verify' }],
    },
  ],
};
