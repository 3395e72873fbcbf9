import { engineTest, sharedEngine } from '../support/engine.ts';
import { buildImage, importDebootstrapBase } from '../support/engine-image.ts';

const IMAGE = 'wattdog:test';
const test = engineTest('debootstrap', 'npm', 'git');
const engineWithImage = sharedEngine(async (engine) => {
  await importDebootstrapBase(engine);
  await buildImage(engine, IMAGE);
});

async function inImage(...args: string[]): Promise<string> {
  const engine = await engineWithImage();
  return await engine.docker('run', '--rm', '--network', 'none', '--read-only', '--cap-drop=ALL', ...args);
}

test('the image runs every command’s help as a user without rights', async (t) => {
  t.timeout(600_000);
  t.regex(await inImage(IMAGE), /usage: wattdog/);
  for (const command of ['up', 'agent', 'meter', 'broker', 'check'])
    t.regex(await inImage(IMAGE, command, '--help'), new RegExp(`^wattdog ${command}: `));
  const ids = await inImage(
    ...['--entrypoint', 'node', IMAGE, '-p', '[process.getuid(), process.getgid()].join()'],
  );
  t.is(ids, '99,100');
});

test('the image shows its settings, with its data in /data', async (t) => {
  t.regex(await inImage(IMAGE, 'check'), /^data: \/data$/m);
});

test('the image can open serial ports: its native binding loads', async (t) => {
  const engine = await engineWithImage();
  const output = await inImage(
    ...['--entrypoint', 'node', IMAGE, '-e'],
    `const binding = '@serialport+bindings-cpp.glibc.node';
     const module = { exports: {} };
     process.dlopen(module, '/app/prebuilds/linux-' + process.arch + '/' + binding.replace('cpp.', process.arch === 'arm64' ? 'cpp.armv8.' : 'cpp.'));
     console.log(Object.keys(module.exports).includes('open'));`,
  );
  t.is(output, 'true');
  t.log(`image size: ${await engine.docker('image', 'inspect', '--format', '{{.Size}}', IMAGE)} bytes`);
});

test('a fresh data volume is writable for any user', async (t) => {
  for (const user of ['99:100', '1000:1000', '0:0']) {
    const write = "require('node:fs').writeFileSync('/data/proof', 'x'); console.log('written')";
    const volume = ['--volume', '/data', '--user', user, '--entrypoint', 'node'];
    t.is(await inImage(...volume, IMAGE, '-e', write), 'written', user);
  }
});
