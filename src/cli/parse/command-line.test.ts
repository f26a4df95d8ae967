import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCommandLine } from './command-line.ts';

function words(line: string): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(line === '' ? [] : line.split(' '));
}

function fails(line: string, message: string | RegExp): void {
  assert.throws(() => words(line), { name: 'CliError', message });
}

describe('parseCommandLine, which command', () => {
  const found = {
    v: 'rkt version',
    'im l': 'rkt image list',
    // Commands that rkt 1.30 did not have take nothing from those it had.
    't': 'rkt trust',
    'stat x': 'rkt status',
    'to': 'rkt top',
    'image fetch x': 'rkt image fetch',
    run: 'rkt run',
    'run-p x': 'rkt run-prepared',
    '': 'rkt',
    'image': 'rkt image',
    '--dir /x list': 'rkt list',
    '--debug list': 'rkt list',
    '--net=host --debug=false run': 'rkt run',
    '--uuid-file /x status': 'rkt status',
    'list --dir list': 'rkt list',
  };
  for (const [line, path] of Object.entries(found)) {
    test(`rkt ${line}`, () => assert.equal(words(line).path.join(' '), path));
  }
  test('ambiguous or unknown words are refused', () => {
    fails('bogus', 'unknown command "bogus" for "rkt"');
    fails('r', 'unknown command "r" for "rkt"');
    fails('image bogus', 'unknown command "bogus" for "rkt image"');
  });
  test('a command of later versions is refused by name', () => {
    fails('api-service', 'command "rkt api-service" is not available in this version');
  });
});

describe('parseCommandLine, flags', () => {
  test('a flag before the command counts as one after it', () => {
    const { flags, globals } = words('--debug --pretty-print=false config --dir=/x');
    assert.equal(flags.bool('pretty-print'), false);
    assert.equal(globals.bool('debug'), true);
    assert.equal(globals.text('dir'), '/x');
  });
  test('values stand after = or in the next word, and the last one wins', () => {
    const { flags } = words('gc --grace-period 5m --grace-period=1s');
    assert.equal(flags.durationMs('grace-period'), 1000);
    assert.equal(flags.durationMs('expire-prepared'), 86_400_000);
  });
  test('a flag with a meaning of its own never takes the next word', () => {
    const { args, flags } = words('status --wait abc --wait-ready=10s');
    assert.deepEqual([flags.text('wait'), flags.text('wait-ready'), args], ['true', '10s', ['abc']]);
  });
  test('after -- everything is a word', () => {
    assert.deepEqual(words('rm -- --uuid-file').args, ['--uuid-file']);
  });
  test('enter leaves all words after the first alone', () => {
    assert.deepEqual(words('enter --app=web abc ls --debug -la --').args, ['abc', 'ls', '--debug', '-la', '--']);
  });
  test('-h and --help are seen anywhere', () => {
    for (const line of ['run -h', 'run --help', '--help run', 'image list -h', 'run img --help']) assert.ok(words(line).help, line);
    assert.equal(words('run img -- --help').help, false);
  });
  test('what the flag cannot be is told as rkt tells it', () => {
    fails('list --bogus', 'unknown flag: --bogus');
    fails('list -x', /^unknown shorthand flag: 'x' in -x/);
    fails('list --full=maybe', 'invalid argument "maybe" for --full=maybe: strconv.ParseBool: parsing "maybe": invalid syntax');
    fails('list --format=xml', 'invalid argument "xml" for --format=xml: Invalid format option: xml');
    fails('gc --grace-period', 'flag needs an argument: --grace-period');
    fails('gc --grace-period=5', /invalid duration "5"/);
    fails('--insecure-options=image,bogus list', /unknown option "bogus"/);
    fails('image list --fields=id,id', /duplicated option "id"/);
    fails('run --ipc=host', /must be one of "auto", "private", "parent"/);
    fails('list ---x', 'bad flag syntax: ---x');
  });
  test('run-prepared takes --no-overlay, as kubelet gives it', () => {
    assert.deepEqual(words('run-prepared --no-overlay=true abc').args, ['abc']);
  });
});

describe('parseCommandLine, images', () => {
  const shape = (line: string): unknown => words(line).images.map(({ args, image }) => [image, ...args]);

  test('-- gives the image its arguments, --- ends them', () => {
    assert.deepEqual(shape('run a -- -x --name=y -- z --- b -- q'), [['a', '-x', '--name=y', '--', 'z'], ['b', 'q']]);
    assert.deepEqual(shape('run a --- b'), [['a'], ['b']]);
    assert.deepEqual(shape('run a b'), [['a'], ['b']]);
    assert.deepEqual(shape('run a --'), [['a']]);
  });
  test('a flag of an app is for the image before it, one of the pod for all', () => {
    const { flags, images } = words('run --net=host a --name=one --port=http:80 --user 5 -- x --- b --name=two --set-env A=1');
    assert.deepEqual(images.map((image) => [image.flags.text('name'), image.flags.text('user')]), [['one', '5'], ['two', '']]);
    assert.deepEqual([flags.text('net'), flags.list('port'), flags.list('set-env')], ['host', ['http:80'], ['A=1']]);
  });
  test('--mount before the first image is for all', () => {
    const { flags, images } = words('run --mount=volume=a,target=/a img --mount volume=b,target=/b');
    assert.deepEqual(flags.list('mount'), ['volume=a,target=/a']);
    assert.deepEqual(images[0]?.flags.list('mount'), ['volume=b,target=/b']);
  });
  test('of a command that names a pod first, the first word is no image', () => {
    const { args, images } = words('app add --debug uuid img --name=one -- x');
    assert.deepEqual([args, images.map(({ image, flags, args: more }) => [image, flags.text('name'), ...more])], [['uuid'], [['img', 'one', 'x']]]);
    fails('app add uuid --name=one img', /--name must follow an image/);
    fails('app add --name=one uuid img', /--name must follow an image/);
  });
  test('global flags count between images', () => {
    assert.equal(words('fetch a --insecure-options=image b').globals.text('insecure-options'), 'image');
  });
  test('--signature is for the image before it', () => {
    const { images } = words('fetch a --signature=a.asc b');
    assert.deepEqual(images.map(({ flags }) => flags.optional('signature')), ['a.asc', undefined]);
  });
  test('words in the wrong place are refused', () => {
    fails('run --user=5 a', 'invalid argument "5" for --user=5: --user must follow an image');
    fails('fetch --signature=x a', /--signature must follow an image/);
    fails('run a --exec=x --exec=y', /^error parsing app image arguments: .*--exec specified multiple times for the same image/);
    fails('run -- --', 'error parsing app image arguments: an image is required before any app arguments');
    fails('run a -- x --- -- y', 'error parsing app image arguments: only one set of app arguments allowed per image');
    fails('fetch a -- x', 'unable to parse arguments: app arguments unsupported');
    fails('run a --bogus', 'error parsing app image arguments: unknown flag: --bogus');
  });
  test('a deprecated flag is told of', () => {
    assert.deepEqual(words('run a --cap-retain=CAP_KILL').notices, [
      'Flag --cap-retain has been deprecated, use --caps-retain instead',
    ]);
    assert.deepEqual(words('fetch --no-store a').notices, [
      'Flag --no-store has been deprecated, please use --pull-policy=update',
    ]);
  });
});
