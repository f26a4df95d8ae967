import { mkdirSync } from 'node:fs';
import { makeBusyboxAci, makeKey, makeOciLayout, makeRootfs, openHome, rktProgram, startRegistry } from '#tests/support';
import { Story } from './story.ts';

/** The main job from end to end: sign, trust, fetch, run; an image of a registry; a pod of two apps. */
async function tell(story: Story): Promise<void> {
  const home = story.use(openHome());
  story.say(`rkt is ${rktProgram()}, its data are in ${home.dataDir}`);

  story.step('Build a small App Container image and sign it with a fresh OpenPGP key');
  const key = story.use(makeKey('Demo Signer <demo@example.com>'));
  const hello = makeBusyboxAci(home.file('hello.aci'), {
    name: 'example.com/hello',
    app: { exec: ['/bin/echo', 'hello from a signed image'], environment: [{ name: 'PATH', value: '/bin' }] },
  });
  key.sign(hello);
  story.say(`${hello} and its signature ${hello}.asc`);

  story.step('Running it is refused: nobody trusts the key yet');
  await story.rkt(home, ['run', '--net=none', hello], { status: 254 });

  story.step('Trust the key for names below example.com/hello');
  await story.rkt(home, ['trust', '--skip-fingerprint-review', '--prefix=example.com/hello', key.publicKeyFile]);

  story.step('Fetch it: the signature is checked');
  await story.rkt(home, ['fetch', hello]);

  story.step('Run it in a network of its own');
  await story.rkt(home, ['run', '--net=default', 'example.com/hello:1.0']);

  story.step('Start a registry on the loopback and push an OCI image into it');
  const registry = story.use(await startRegistry());
  mkdirSync(home.file('oci-rootfs'));
  makeRootfs(home.file('oci-rootfs'), { '/etc/motd': 'hello from an OCI image\n' });
  makeOciLayout(home.file('oci'), { layers: [{ directory: home.file('oci-rootfs') }], config: { Cmd: ['/bin/cat', '/etc/motd'], Env: ['PATH=/bin'] } });
  const image = await registry.push(home.file('oci'), 'demo/motd', '1.0');
  story.say(`pushed ${image}`);

  story.step('Run it: OCI images carry no signature that rkt checks, so it must be told that this is meant');
  const insecure = '--insecure-options=image,http';
  await story.rkt(home, [insecure, 'run', '--net=none', `docker://${image}`]);

  story.step('A pod of two apps that share the network; the second one asks the first');
  const serve = ['-c', 'mkdir -p /tmp/www && echo "served inside the pod" >/tmp/www/index.html && exec httpd -f -p 127.0.0.1:8080 -h /tmp/www'];
  const ask = ['-c', 'until wget -q -O - http://127.0.0.1:8080/; do sleep 0.1; done; exec sleep 600'];
  const apps = [hello, '--name=server', '--exec=/bin/sh', '--', ...serve, '---', hello, '--name=client', '--exec=/bin/sh', '--', ...ask];
  const uuidFile = home.file('uuid');
  const pod = story.background(home, ['run', '--net=default', `--uuid-file-save=${uuidFile}`, ...apps]);
  const uuid = await pod.untilFile(uuidFile);
  await story.rkt(home, ['status', '--wait-ready=20s', uuid]);
  await pod.untilPrinted('served inside the pod');

  story.step('List pods, look into the server, stop the pod');
  await story.rkt(home, ['list']);
  await story.rkt(home, ['enter', '--app=server', uuid, '/bin/hostname']);
  await story.rkt(home, ['stop', uuid]);
  await pod.ended;
  await story.rkt(home, ['status', '--wait=20s', uuid]);

  story.step('Collect: pods that have ended, and images nobody needs');
  await story.rkt(home, ['gc', '--grace-period=0s']);
  await story.rkt(home, ['image', 'gc', '--grace-period=0s']);
  await story.rkt(home, ['list']);
}

const story = new Story();
process.exitCode = await story.run(tell);
