import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { type RunningAgent, runAgent } from '../agent/main.ts';
import { startBroker } from '../broker/broker.ts';
import { loadSettings } from '../shared/settings/load.ts';
import { systemTime } from '../shared/time.ts';
import { decodeReading } from '../shared/wire.ts';
import { startDeployment } from './support/deployment.ts';
import type { PrivateEngine } from './support/engine.ts';
import { buildImage, importDebootstrapBase, importVictoriaMetrics } from './support/engine-image.ts';
import { engineTest, sharedEngine } from './support/engine-test.ts';
import { spin } from './support/inspector.ts';
import { freePort, silentLog, temporaryFolder, until } from './support/system.ts';

const IMAGE = 'wattdog';
const test = engineTest('debootstrap', 'npm', 'git', 'docker-compose', 'victoria-metrics', 'socat');
const engineWithImage = sharedEngine(async (engine) => {
  await importDebootstrapBase(engine);
  await importVictoriaMetrics(engine, 'v1.115.0');
  await buildImage(engine, IMAGE);
});

/** As a user without rights, unless the arguments say otherwise. */
async function inImage(...args: string[]): Promise<string> {
  const engine = await engineWithImage();
  const lean = ['--network', 'none', '--read-only', '--cap-drop=ALL', '--user', '99:100'];
  return await engine.docker('run', '--rm', ...lean, ...args);
}

test('the image runs every command’s help as a user without rights', async (t) => {
  t.timeout(600_000);
  t.regex(await inImage(IMAGE), /usage: wattdog/);
  for (const command of ['up', 'agent', 'meter', 'broker', 'check'])
    t.regex(await inImage(IMAGE, command, '--help'), new RegExp(`^wattdog ${command}: `));
});

test('started as root it becomes PUID:PGID, stays root where it is told to, and otherwise says what it lacks', async (t) => {
  t.timeout(600_000);
  const engine = await engineWithImage();
  const volume = await engine.docker('volume', 'create');
  t.teardown(() => engine.docker('volume', 'rm', volume));
  const root = ['--user', '0:0', '--volume', `${volume}:/data`];
  // As an agent that ran as root has left it.
  const leave = `require('node:fs').writeFileSync('/data/journal.db', '')`;
  await inImage(...root, '--entrypoint', 'node', IMAGE, '--eval', leave);

  await t.throwsAsync(inImage(...root, IMAGE, 'dead-letters'), {
    message: /becoming PUID:PGID 99:100: the container must have the capabilities CHOWN, SETGID and SETUID/,
  });
  const owner = async () => {
    const script = `const { uid, gid } = require('node:fs').statSync('/data/journal.db'); console.log(uid, gid)`;
    return await inImage('--volume', `${volume}:/data`, '--entrypoint', 'node', IMAGE, '--eval', script);
  };
  const check = ['check', '--meter.name', 'den'];
  t.regex(await inImage(...root, '--env', 'PUID=0', '--env', 'PGID=0', IMAGE, ...check), /name: den/);
  t.is(await owner(), '0 0');
  const rights = ['CHOWN', 'SETGID', 'SETUID'].flatMap((name) => ['--cap-add', name]);
  t.regex(await inImage(...root, ...rights, '--env', 'PUID=4711', IMAGE, ...check), /name: den/);
  t.is(await owner(), '4711 100');
});

test('the image shows its settings, with its data in /data', async (t) => {
  t.regex(await inImage('--volume', '/data', IMAGE, 'check'), /^data: \/data$/m);
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

/** A meter's process, in a container, with a port for its debugger. */
interface Victim {
  engine: PrivateEngine;
  id: string;
  pid: number;
  inspector: number;
}

/** What can go wrong with it. */
const FAULTS: Record<string, (victim: Victim) => unknown> = {
  paused: ({ engine, id }) => engine.docker('pause', id),
  'stopped inside': ({ pid }) => process.kill(pid, 'SIGSTOP'),
  spinning: ({ pid, inspector }) => spin(pid, inspector),
  exited: ({ pid }) => process.kill(pid, 'SIGTERM'),
  killed: ({ pid }) => process.kill(pid, 'SIGKILL'),
};

/** A meter of its own name in a container whose labels have it watched. */
async function startMeter(t: ExecutionContext, engine: PrivateEngine, name: string, url: string) {
  const inspector = await freePort();
  const environment = {
    WATTDOG_MQTT_URL: url,
    WATTDOG_METER_NAME: name,
    WATTDOG_METER_SIMULATED_CADENCE: '200ms',
    NODE_OPTIONS: `--inspect-port=${inspector}`,
  };
  const labels = ['wattdog.watch=true', `wattdog.topics=wattdog/${name}/reading`];
  const id = await engine.docker(
    ...['run', '--detach', '--network', 'host', '--name', name, '--tmpfs', '/tmp'],
    ...labels.flatMap((label) => ['--label', label]),
    ...Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...[IMAGE, 'meter'],
  );
  t.teardown(() => engine.docker('rm', '--force', '--volumes', id));
  return { engine, id, inspector };
}

async function openBrokerFor(t: ExecutionContext): Promise<string> {
  const { broker } = loadSettings({ environment: {}, readFile: () => '' });
  const running = await startBroker({ ...broker, port: 0 }, { log: silentLog });
  t.teardown(running.close);
  return `mqtt://127.0.0.1:${running.mqtt.port}`;
}

const agentEnvironment = (data: string, url: string, engine: PrivateEngine) => ({
  WATTDOG_DATA: data,
  WATTDOG_MQTT_URL: url,
  WATTDOG_AGENT_HTTP_PORT: '0',
  WATTDOG_AGENT_WATCHES: '[]',
  WATTDOG_AGENT_DOCKER_SOCKET: engine.socket,
});

const stateOf = (engine: PrivateEngine, id: string, field: string) =>
  engine.docker('inspect', '--format', `{{.State.${field}}}`, id);

test('a labelled meter is brought back from every fault, and fresh readings prove it; a stop by hand is respected', async (t) => {
  t.timeout(600_000);
  const engine = await engineWithImage();
  const url = await openBrokerFor(t);
  const stop = new AbortController();
  const environment = agentEnvironment(temporaryFolder(t), url, engine);
  const settings = loadSettings({ environment, readFile: () => '' });
  const { promise: ready, resolve } = Promise.withResolvers<RunningAgent>();
  const running = runAgent(settings, { time: systemTime, log: silentLog, ready: resolve }, stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const { operations } = await Promise.race([
    ready,
    running.then(() => Promise.reject(new Error('it ended'))),
  ]);
  const verdict = (name: string) => operations.watches().find((watch) => watch.name === name)?.verdict;
  const isKnown = (name: string) => () => verdict(name)?.evidence.meter?.port === 'open';

  // One meter for each: several faults of one would be healed ever more slowly.
  for (const [fault, strike] of Object.entries(FAULTS)) {
    const name = fault.replaceAll(' ', '-');
    const victim = await startMeter(t, engine, name, url);
    await until(`${name} to be known`, 60_000, isKnown(name));
    const pid = Number(await stateOf(engine, victim.id, 'Pid'));
    const struck = Date.now();
    await strike({ ...victim, pid });
    const incident = await until(`the proof that it is not ${fault} any more`, 60_000, () => {
      const [newest] = operations.incidents(1);
      return newest?.watch === name && newest.recovered !== undefined ? newest : undefined;
    });
    t.deepEqual(
      incident.tries.map(({ result }) => result),
      ['running'],
      fault,
    );
    const { detected, firstMessage = 0, recovered = 0, cause, tries } = incident;
    t.log(
      `${fault} (${cause}): convicted after ${detected - struck} ms, first message ${Math.round(firstMessage - struck)} ms, proved ${recovered - struck} ms; ${tries[0]?.detail}`,
    );
    await engine.docker('rm', '--force', '--volumes', victim.id);
    await until('it to be forgotten', 10_000, () => verdict(name) === undefined);
  }

  const { id } = await startMeter(t, engine, 'by-hand', url);
  await until('by-hand to be known', 60_000, isKnown('by-hand'));
  await engine.docker('stop', id);
  await until('it to be left alone', 10_000, () => verdict('by-hand')?.state === 'held');
  t.is(verdict('by-hand')?.sentence, 'its container by-hand was stopped on purpose');
  await engine.docker('start', id);
  await until('it to be watched again', 30_000, () => verdict('by-hand')?.state === 'recovering');
  t.is(operations.incidents(100).length, Object.keys(FAULTS).length, 'that was no incident');
});

test('an agent that is killed while it heals leaves the rest to the next one, which restarts nothing twice', async (t) => {
  t.timeout(600_000);
  const engine = await engineWithImage();
  const url = await openBrokerFor(t);
  const data = temporaryFolder(t);
  const startAgent = () => {
    const { PATH = '' } = process.env;
    const env = { PATH, TMPDIR: data, ...agentEnvironment(data, url, engine) };
    const child = spawn(process.execPath, ['cli/main.ts', 'agent'], { env, stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const observer = await connectAsync(url, { reconnectPeriod: 0 });
  t.teardown(() => observer.endAsync(true));
  const events: { event_type: string; id: number }[] = [];
  let answers = 0;
  observer.on('message', (topic, payload) => {
    if (topic === 'wattdog/agent/event/doubly') events.push(JSON.parse(String(payload)));
    else answers += 1;
  });
  await observer.subscribeAsync(['wattdog/agent/event/doubly', 'wattdog/doubly/echo']);

  const { id } = await startMeter(t, engine, 'doubly', url);
  const first = startAgent();
  await until('the meter to have answered', 60_000, () => answers > 3);
  process.kill(Number(await stateOf(engine, id, 'Pid')), 'SIGSTOP');
  await until('its conviction', 30_000, () => events.some(({ event_type }) => event_type === 'stalled'));
  first.kill('SIGKILL');
  startAgent();
  await until('its recovery', 120_000, () => events.some(({ event_type }) => event_type === 'recovered'));
  t.deepEqual([...new Set(events.map((event) => event.id))], [1], 'one incident');
  const since = new Date(Date.now() - 600_000).toISOString();
  const told = await engine.docker(
    ...['events', '--since', since, '--until', new Date().toISOString()],
    ...['--filter', `container=${id}`, '--filter', 'event=start', '--format', '{{.Action}}'],
  );
  t.is(told.split('\n').length, 2, 'its first start, and one more');
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

  const address = `mqtt://127.0.0.1:${home.mqtt}`;
  await t.throwsAsync(connectAsync(address, { reconnectPeriod: 0 }), undefined, 'no password, no entry');
  const file = join(temporaryFolder(t), 'reader');
  await engine.docker('cp', `${await home.container('agent')}:/credentials/reader`, file);
  const password = readFileSync(file, 'utf8').trim();
  for (const service of ['agent', 'meter']) {
    const status = readFileSync(`/proc/${await home.pid(service)}/status`, 'utf8');
    t.regex(status, /^Uid:\t99\t99\t99\t99$/m, service);
    t.regex(status, /^CapEff:\t0+$/m, service);
  }
  const reader = await connectAsync(address, { username: 'reader', password, reconnectPeriod: 0 });
  t.teardown(() => reader.endAsync(true));
  const heard = new Promise<Uint8Array>((resolve) =>
    reader.once('message', (_topic, payload) => resolve(payload)),
  );
  await reader.subscribeAsync('wattdog/main/reading');
  t.is(decodeReading(await heard).quality, 'counted');

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

  const door = (path: string, authorization: string) =>
    fetch(`http://127.0.0.1:${home.http}${path}`, { method: 'POST', headers: { authorization } });
  t.is((await door('/restart-main', 'Bearer wrong')).status, 401);
  const refused = await door('/restart-main', `Bearer ${await home.password('page')}`);
  t.is(refused.status, 409, 'it is well');
  t.regex(await refused.text(), /main is (healthy|learning|recovering)/);

  const inside = ['exec', '-T', 'agent', 'wattdog'];
  t.regex(
    await home.compose(...inside, 'export', '--format', 'jsonl', '--from', '5m'),
    /^\{"time":"[^"]+","meter":"main"/m,
  );
  t.regex(await home.compose(...inside, 'gaps'), /^(no gap|meter )/m);
  t.regex(await home.compose(...inside, 'incidents'), /main .* frozen .* 1 .* is stopped \(state T\)/);
  t.regex(await home.compose(...inside, 'hold', 'main', '1h'), /main is left alone until/);
  t.regex(await home.compose(...inside, 'watches'), /main +held/);
  await home.compose(...inside, 'release', 'main');

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
