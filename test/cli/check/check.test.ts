import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Finding } from '../../../cli/check/finding.ts';
import { realTest } from '../../support/real.ts';
import { freePort, temporaryFolder } from '../../support/system.ts';
import { openDevice, runWattdog, startUp } from '../support.ts';

/** Ports of the system’s choice: others may run on the usual ones. */
const FREE = ['--broker.port', '0', '--agent.http.port', '0'];
const NO_DOCKER = ['--agent.docker.socket', '/nowhere/docker.sock'];

/** What `check --json` found, by name. */
async function findings(t: ExecutionContext, args: string[], cwd = temporaryFolder(t)) {
  const { code, out, err } = await runWattdog(t, ['check', '--json', ...FREE, ...NO_DOCKER, ...args], {
    cwd,
  });
  const { settings, checks } = JSON.parse(out) as { settings: Record<string, unknown>; checks: Finding[] };
  return { code, err, settings, found: Object.fromEntries(checks.map((check) => [check.name, check])) };
}

async function listening(t: ExecutionContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('a settings file that is named must be there, and check prints what is understood without secrets', async (t) => {
  const cwd = temporaryFolder(t);
  const missing = await runWattdog(t, ['check', '--config', 'mine.yaml'], { cwd });
  t.is(missing.code, 78);
  t.regex(missing.err, /must be readable, got mine\.yaml \(ENOENT/);

  writeFileSync(join(cwd, 'mine.yaml'), 'meter: { max_current: 63 }\nmqtt: { password: hunter2 }');
  writeFileSync(join(cwd, 'token'), 'hunter2\n');
  const { code, out, err } = await runWattdog(t, ['check', ...FREE, '--baud=115200'], {
    cwd,
    env: {
      WATTDOG_CONFIG: 'mine.yaml',
      WATTDOG_AGENT_HTTP_TOKEN_FILE: 'token',
      DOCKER_HOST: 'unix:///run/user/1000/docker.sock',
    },
  });
  t.is(code, 0, err);
  t.notRegex(out, /hunter2/);
  for (const line of [
    '  max_current: 63',
    '  baud: 115200',
    '    token: (hidden)',
    '    socket: /run/user/1000/docker.sock',
  ])
    t.true(out.includes(`${line}\n`), `${line} in\n${out}`);
});

test('check knows the tariffs', async (t) => {
  const { code, err } = await runWattdog(t, ['check', '--meter.tariff', 'free']);
  t.is(code, 78);
  t.regex(err, /tariff.*free/);
});

test('what was tried is told below the settings, with what to do about it', async (t) => {
  const { code, out, err } = await runWattdog(t, ['check', ...FREE, ...NO_DOCKER]);
  t.is(code, 0, err);
  t.regex(
    out,
    /\n\nwarn {2}port +a meter with these settings reads a SIMULATED panel; .*\n +→ wattdog ports/,
  );
  t.regex(out, /\nok {4}data folder {2}data, to be made in .*, has [\d.]+ GB free\n/);
  t.regex(out, /\nok {4}tariff +SCE TOU-D-A: now (summer|winter) .*, 0\.\d+ USD per kWh\n/);
  t.regex(out, /\nok {4}HTTP port +127\.0\.0\.1, any free port\n/);
  t.regex(
    out,
    /\nwarn {2}Docker +no socket at \/nowhere\/docker\.sock: no container will be restarted\n +→ /,
  );
});

test('for programs it is one object, without secrets', async (t) => {
  const { code, settings, found } = await findings(t, [
    '--mqtt.password',
    'hunter2',
    '--meter.max_current',
    '63',
  ]);
  t.is(code, 0);
  t.like(settings, { meter: { max_current: 63 }, mqtt: { password: '(hidden)' } });
  t.deepEqual(Object.keys(found).sort(), ['Docker', 'HTTP port', 'broker', 'data folder', 'port', 'tariff']);
  t.like(found.port, { result: 'warn' });
});

test('what will not work is exit code 1, each thing named', async (t) => {
  const dead = await freePort();
  const { code, err, found } = await findings(t, [
    ...['--port', '/dev/nowhere', '--decoder', 'amps', '--data', '/dev/null/x'],
    ...['--mqtt.url', `mqtt://127.0.0.1:${dead}`],
    ...['--agent.stores', `[{kind: victoriametrics, url: "http://127.0.0.1:${dead}"}]`],
  ]);
  t.is(code, 1);
  t.is(
    err,
    'wattdog: checking: all must be well, but not: port, data folder, broker, store victoriametrics\n',
  );
  for (const [name, sentence] of [
    ['port', /^\/dev\/nowhere is not there; /],
    ['data folder', /^\/dev\/null\/x must be writable for this user, but is not/],
    ['broker', /ECONNREFUSED/],
    ['store victoriametrics', /ECONNREFUSED/],
  ] as const) {
    t.is(found[name]?.result, 'fail', name);
    t.regex(String(found[name]?.sentence), sentence);
  }
});

realTest('socat')('each port is tried once, whoever shares it, and each tariff told once', async (t) => {
  const { path } = await openDevice(t);
  const { found } = await findings(t, [
    ...['--meter.port', path, '--meter.decoder', 'pzem'],
    '--meters',
    '[{name: a}, {name: b, address: 2}, {name: c, port: /dev/nowhere, decoder: sml}, {name: rest, computed: {plus: [a], minus: [b]}}]',
  ]);
  t.like(found['port of a, b'], { result: 'ok', sentence: `${path}, pzem at 9600 baud 8N1` });
  t.like(found['port of c'], { result: 'fail' });
  t.is(found['port of rest'], undefined);
  t.like(found['tariff of a, b, c, rest'], { result: 'ok' });
});

test('offline, nothing beyond this machine is asked', async (t) => {
  let asked = 0;
  const port = await listening(
    t,
    createServer((socket) => {
      asked += 1;
      socket.destroy();
    }),
  );
  const { code, found } = await findings(t, [
    '--offline',
    ...['--mqtt.url', `mqtt://127.0.0.1:${port}`, '--agent.docker.socket', `tcp://127.0.0.1:${port}`],
    ...['--agent.stores', `[{kind: victoriametrics, url: "http://127.0.0.1:${port}"}]`],
  ]);
  t.is(code, 0);
  t.is(asked, 0);
  t.deepEqual(Object.keys(found).sort(), ['HTTP port', 'data folder', 'port', 'tariff']);
});

test('a store that answers is well, whatever it answers', async (t) => {
  const paths: (string | undefined)[] = [];
  const port = await listening(
    t,
    createHttpServer((request, response) => {
      paths.push(request.url);
      response.writeHead(404).end('who?');
    }),
  );
  const { code, found } = await findings(t, [
    '--agent.stores',
    `[{kind: influxdb1, name: old, url: "http://127.0.0.1:${port}"}]`,
  ]);
  t.is(code, 0);
  // On a slow machine it knocks again.
  t.deepEqual([...new Set(paths)], ['/health']);
  t.regex(String(found['store old']?.sentence), /answers in \d+ ms$/);
});

test('a Docker engine tells its API version; one that refuses is a warning', async (t) => {
  const socket = join(temporaryFolder(t), 'docker.sock');
  let status = 200;
  const engine = createHttpServer((request, response) => {
    t.is(request.url, '/_ping');
    response.writeHead(status, { 'api-version': '1.41' }).end('OK');
  });
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  t.teardown(() => engine.close());
  const { found } = await findings(t, ['--agent.docker.socket', socket]);
  t.like(found.Docker, { result: 'ok', sentence: `${socket}, API version 1.41` });
  status = 403;
  const refused = await findings(t, ['--agent.docker.socket', socket]);
  t.is(refused.code, 0);
  t.like(refused.found.Docker, { result: 'warn' });
  t.regex(String(refused.found.Docker?.sentence), /HTTP status 403/);
});

test('an address that another program has is exit code 1; one of the running agent is well', async (t) => {
  const port = String(
    await listening(
      t,
      createServer((socket) => void socket.destroy()),
    ),
  );
  const taken = await findings(t, ['--agent.http.port', port, '--broker.port', port]);
  t.is(taken.code, 1);
  t.is(taken.found['HTTP port']?.sentence, `another program listens at 127.0.0.1:${port}`);
  t.like(taken.found.broker, { result: 'fail' });

  const { http, url } = await startUp(t);
  const broker = new URL(url).port;
  const own = await findings(t, ['--agent.http.port', String(http), '--broker.port', broker]);
  t.is(own.code, 0, own.err);
  t.is(own.found['HTTP port']?.sentence, `the running agent listens at 127.0.0.1:${http}`);
  t.is(own.found.broker?.sentence, `the running agent listens at 127.0.0.1:${broker}`);
  const client = await findings(t, ['--mqtt.url', url]);
  t.is(client.found.broker?.sentence, `${url} accepts us`);
});

realTest('socat')(
  'a port that is there and free, or our own meter’s, is well; one that another has is not',
  async (t) => {
    const { path } = await openDevice(t);
    const port = async () => (await findings(t, ['--port', path, '--decoder', 'amps'])).found.port;
    t.like(await port(), { result: 'ok', sentence: `${path}, amps at 9600 baud 8N1` });
    const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    t.teardown(() => closeSync(held));
    // The test is a program of Node’s, as a meter is.
    t.like(await port(), {
      result: 'ok',
      sentence: `${path}, amps at 9600 baud 8N1, held by pid ${process.pid} (node)`,
    });
    const other = spawn('sleep', ['1000'], { stdio: [held, 'ignore', 'ignore'] });
    t.teardown(() => other.kill('SIGKILL'));
    await once(other, 'spawn');
    t.like(await port(), { result: 'fail' });
  },
);

test('a data folder that is there is looked into', async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, 'real'));
  symlinkSync('real', join(cwd, 'data'));
  const { found } = await findings(t, [], cwd);
  t.regex(String(found['data folder']?.sentence), /^data has [\d.]+ GB free$/);
  const { found: small } = await findings(t, ['--agent.journal.size', '900000GB'], cwd);
  t.like(small['data folder'], { result: 'warn' });
  t.regex(String(small['data folder']?.sentence), /; journal and outbox may grow to 900001\.0 GB$/);
});
