import { connectAsync } from 'mqtt';
import { startDeployment } from '../support/deployment.ts';
import { engineTest, sharedEngine } from '../support/engine.ts';
import { buildImage, importDebootstrapBase, importVictoriaMetrics } from '../support/engine-image.ts';
import { until } from '../support/system.ts';

const test = engineTest('debootstrap', 'npm', 'git', 'docker-compose', 'victoria-metrics', 'socat');
const engineWithImages = sharedEngine(async (engine) => {
  await importDebootstrapBase(engine);
  await importVictoriaMetrics(engine, 'v1.115.0');
  await buildImage(engine, 'wattdog');
});
const CADENCE = 500;
const METRIC = 'electricity_power_watts';

test('compose.yaml: a serial line becomes a point; the frozen meter is healed and the points go on', async (t) => {
  t.timeout(600_000);
  const engine = await engineWithImages();
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
  t.regex(logs, /container .*wattdog_meter/);

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
