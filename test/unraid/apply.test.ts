import { chmodSync, chownSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setInterval } from 'node:timers';
import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { decodeReading } from '../../shared/wire.ts';
import type { PrivateEngine } from '../support/engine.ts';
import { buildImage, importDebootstrapBase } from '../support/engine-image.ts';
import { engineTest, sharedEngine } from '../support/engine-test.ts';
import { openPty } from '../support/pty.ts';
import { freePort, temporaryFolder, until } from '../support/system.ts';
import { dockerCreate, readTemplate, type Template } from './template.ts';

const IMAGE = 'wattdog';
const SERVER = { name: 'Tower', timeZone: 'America/Los_Angeles' };
/** Who may open serial devices on Unraid. */
const DIALOUT = 16;

const test = engineTest('debootstrap', 'npm', 'git', 'socat');
const engineWithImage = sharedEngine(async (engine) => {
  await importDebootstrapBase(engine);
  await buildImage(engine, IMAGE);
});

/** A pseudo-terminal as Unraid's udev leaves a device, that sends the old Arduino's lines. */
async function plugArduino(t: ExecutionContext): Promise<string> {
  const { path, write } = await openPty(t);
  chownSync(path, 0, DIALOUT);
  chmodSync(path, 0o660);
  const feed = setInterval(() => write('3 7\n'), 200);
  t.teardown(() => clearInterval(feed));
  return path;
}

/** What stands in the tests' engine for the bridge of Unraid's: it has none, so that nothing of the machine's network changes. */
async function makeBridge(t: ExecutionContext, engine: PrivateEngine) {
  const name = 'bridge-of-unraid';
  await engine.docker('network', 'create', name);
  t.teardown(() => engine.docker('network', 'rm', name));
  const gateway = await engine.docker(
    ...['network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', name],
  );
  return { name, gateway };
}

test('the two templates, applied as Unraid does: a reading arrives, files are nobody’s, a frozen meter comes back', async (t) => {
  t.timeout(600_000);
  const engine = await engineWithImage();
  const bridge = await makeBridge(t, engine);
  const appdata = temporaryFolder(t);
  chmodSync(appdata, 0o755);
  const [mqtt, http] = [String(await freePort()), String(await freePort())];
  const tty = await plugArduino(t);

  const apply = async (template: Template, filled: Record<string, string>) => {
    const given = dockerCreate(template, SERVER, filled).map((arg) => {
      if (arg === '--net=bridge') return `--net=${bridge.name}`;
      if (arg.startsWith('--add-host=')) return arg.replace('host-gateway', bridge.gateway);
      // A pseudo-terminal cannot be handed over as a device.
      if (arg.startsWith('--device=')) return arg.replace('--device=', '--volume=');
      return arg === template.fields.Repository ? IMAGE : arg;
    });
    const id = await engine.docker(...given);
    t.teardown(() => engine.docker('rm', '--force', '--volumes', id));
    await engine.docker('start', id);
    return id;
  };
  const statusOf = async (id: string) =>
    readFileSync(`/proc/${await engine.docker('inspect', '--format', '{{.State.Pid}}', id)}/status`, 'utf8');

  // The wrong one first: it has no password yet, and the folder for it is root's.
  const credentials = join(appdata, 'wattdog-agent', 'credentials');
  const meter = await apply(readTemplate('templates/wattdog-meter.xml'), {
    'Serial device': `${tty}:/dev/ttyACM0`,
    Data: join(appdata, 'wattdog-meter'),
    Credentials: credentials,
    Broker: `mqtt://host.docker.internal:${mqtt}`,
  });
  await until(
    'it to fail, and to be started again',
    60_000,
    async () => Number(await engine.docker('inspect', '--format', '{{.RestartCount}}', meter)) > 0,
  );
  const agent = await apply(readTemplate('templates/wattdog-agent.xml'), {
    Data: join(appdata, 'wattdog-agent'),
    'Docker socket': engine.socket,
    MQTT: mqtt,
    Page: http,
  });

  const page = (path: string, token = '') =>
    fetch(`http://127.0.0.1:${http}${path}`, { headers: { authorization: `Bearer ${token}` } });
  await until('the agent', 60_000, async () => (await page('/readyz')).ok);
  const secret = (name: string) => readFileSync(join(credentials, name), 'utf8').trim();
  const reader = await connectAsync(`mqtt://127.0.0.1:${mqtt}`, {
    ...{ username: 'reader', password: secret('reader'), reconnectPeriod: 0 },
  });
  t.teardown(() => reader.endAsync(true));
  const heard = new Map<string, string>();
  reader.on('message', (topic, payload) => heard.set(topic, String(payload)));
  await reader.subscribeAsync(['wattdog/main/reading', 'wattdog/agent/event/main']);
  const reading = decodeReading(
    Buffer.from(await until('a reading', 120_000, () => heard.get('wattdog/main/reading'))),
  );
  t.deepEqual([reading.current_1, reading.current_2], [3, 7]);

  t.is((await page('/api/v1/watches')).status, 401);
  t.is((await page('/api/v1/watches', secret('page'))).status, 200);
  const zone = 'Intl.DateTimeFormat().resolvedOptions().timeZone';
  t.is(await engine.docker('exec', agent, 'node', '--print', zone), SERVER.timeZone);

  for (const path of globSync('**', { cwd: appdata })) {
    const { uid, gid } = statSync(join(appdata, path));
    // `.` is the test's own.
    if (path !== '.') t.is(`${uid}:${gid}`, '99:100', path);
  }
  for (const [name, id, group] of [
    ['agent', agent, statSync(engine.socket).gid],
    ['meter', meter, DIALOUT],
  ] as const) {
    const status = await statusOf(id);
    t.regex(status, /^Uid:\t99\t99\t99\t99$/m, name);
    t.regex(status, /^Gid:\t100\t100\t100\t100$/m, name);
    t.regex(status, /^CapEff:\t0+$/m, name);
    t.regex(status, new RegExp(`^Groups:.*\\b${group}\\b`, 'm'), name);
  }

  await until('the agent to know it', 60_000, async () => {
    const response = await page('/api/v1/watches', secret('page'));
    const { watches } = (await response.json()) as {
      watches: { name: string; verdict: { state: string } }[];
    };
    const states = watches.map(({ name, verdict }) => `${name} ${verdict.state}`);
    return states.some((state) => /^main (learning|healthy)$/.test(state));
  });
  process.kill(Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', meter)), 'SIGSTOP');
  await until('its recovery', 120_000, () => /"recovered"/.test(heard.get('wattdog/agent/event/main') ?? ''));
});
