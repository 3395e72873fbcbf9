import { connectAsync } from 'mqtt';
import { startDeployment } from './support/deployment.ts';
import { buildImage, importDebootstrapBase, importVictoriaMetrics } from './support/engine-image.ts';
import { engineTest, sharedEngine } from './support/engine-test.ts';
import { until } from './support/system.ts';

const IMAGE = 'wattdog';
const test = engineTest('debootstrap', 'npm', 'git', 'docker-compose', 'victoria-metrics', 'socat');
const engineWithImage = sharedEngine(async (engine) => {
  await importDebootstrapBase(engine);
  await importVictoriaMetrics(engine, 'v1.115.0');
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

const CADENCE = 500;
const METRIC = 'electricity_power_watts';

test('compose.yaml: a serial line becomes a point; the frozen meter is healed and the points go on', async (t) => {
  t.timeout(600_000);
  const engine = await engineWithImage();
  const home = await startDeployment(t, engine, CADENCE);

  await until(
    'the first points in VictoriaMetrics',
    60_000,
    async () => (await home.times(METRIC)).length >= 3,
  );
  for (const service of ['agent', 'meter'])
    await until(
      `${service} to be healthy`,
      60_000,
      async () =>
        (await engine.docker(
          'inspect',
          '--format',
          '{{.State.Health.Status}}',
          await home.container(service),
        )) === 'healthy',
    );

  await t.throwsAsync(
    connectAsync(`mqtt://127.0.0.1:${home.mqtt}`, { reconnectPeriod: 0 }),
    undefined,
    'no password, no entry',
  );
  await until('the cadence to be learned', 120_000, async () =>
    (await home.compose('logs', 'agent')).includes('healthy:'),
  );

  const frozen = Date.now();
  process.kill(await home.pid('meter'), 'SIGSTOP');
  const healed = await until('a point after the freeze', 60_000, async () =>
    (await home.times(METRIC)).find((time) => time > frozen + 2 * CADENCE),
  );
  t.log(`freeze to the next stored reading: ${((healed - frozen) / 1000).toFixed(1)} s`);
  await until('the proof of the recovery', 30_000, async () =>
    (await home.compose('logs', 'agent')).includes('recovered;'),
  );
  const logs = await home.compose('logs', 'agent');
  t.regex(logs, /is stopped \(state T\) \(kill \d+ ms, start \d+ ms\)/);

  const agentBefore = await home.container('agent');
  await engine.docker('restart', '--time', '5', agentBefore);
  await until(
    'points after the agent’s restart',
    60_000,
    async () => ((await home.times(METRIC)).at(-1) ?? 0) > Date.now() - 2000,
  );
  const times = await home.times(METRIC);
  t.is(new Set(times).size, times.length, 'no point twice');
});
