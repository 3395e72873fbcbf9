import { readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { dockerHealer } from '../../../agent/heal/docker.ts';
import { RetryError } from '../../../shared/errors.ts';
import { systemTime } from '../../../shared/time.ts';
import { importNodeImage, type PrivateEngine } from '../../support/engine.ts';
import { engineTest, sharedEngine } from '../../support/engine-test.ts';
import { silentLog, until } from '../../support/system.ts';

const IMAGE = 'wattdog-test-node';
const test = engineTest();
const sharedWithImage = sharedEngine((engine) => importNodeImage(engine, IMAGE));

/** Stops politely on SIGTERM, crashes on SIGHUP, and spins for ever, deaf to every signal, on SIGUSR2. */
const PROGRAM = `
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGHUP', () => process.exit(3));
  process.on('SIGUSR2', () => { console.log('spinning'); for (;;); });
  setInterval(() => {}, 1000);
  console.log('ready');
`;

let count = 0;

/** A container of the program above, running and ready, with its own watch. */
async function container(t: ExecutionContext, ...options: string[]) {
  const engine = await sharedWithImage();
  const watch = `w${++count}`;
  const label = `wattdog.watch=${watch}`;
  const id = await engine.docker(
    ...['run', '--detach', '--network', 'none', '--label', label, ...options],
    ...[IMAGE, 'node', '-e', PROGRAM],
  );
  t.teardown(async () => void (await engine.docker('rm', '--force', id)));
  await until('the container to be ready', 20_000, async () =>
    (await engine.docker('logs', id)).includes('ready'),
  );
  const healer = dockerHealer(
    { socket: engine.socket, watch, stopTimeoutS: 2 },
    { time: systemTime, log: silentLog },
  );
  return {
    engine,
    id,
    signal: async (signal: NodeJS.Signals) => process.kill(await pid(engine, id), signal),
    state: () => engine.docker('inspect', '--format', '{{.State.Status}}', id),
    heal: async () => {
      const before = await startedAt(engine, id);
      const began = performance.now();
      const report = await healer.heal(new AbortController().signal);
      const took = Math.round(performance.now() - began);
      const steps = report.steps.map(({ action, tookMs }) => `${action} ${Math.round(tookMs)} ms`);
      t.log(`${took} ms, ${report.result}: ${report.found}: ${steps.join(', ')}`);
      return { ...report, renewed: (await startedAt(engine, id)) !== before };
    },
  };
}

const startedAt = (engine: PrivateEngine, id: string) =>
  engine.docker('inspect', '--format', '{{.State.StartedAt}}', id);

/** On the host; only its own container's main process. */
async function pid(engine: PrivateEngine, id: string): Promise<number> {
  const pid = Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', id));
  if (pid <= 1) throw new Error(`container ${id} has no process`);
  return pid;
}

const actions = (report: { steps: { action: string }[] }) => report.steps.map(({ action }) => action);

test('paused: unpaused, the same run goes on', async (t) => {
  const { engine, id, heal, state } = await container(t, '--restart', 'unless-stopped');
  await engine.docker('pause', id);
  const report = await heal();
  t.deepEqual(actions(report), ['unpause']);
  t.false(report.renewed);
  t.is(await state(), 'running');
});

test('stopped by SIGSTOP inside: killed and started', async (t) => {
  const { engine, id, heal, signal, state } = await container(t, '--restart', 'unless-stopped');
  await signal('SIGSTOP');
  const stat = `/proc/${await pid(engine, id)}/stat`;
  await until('the process to be stopped', 5000, () => readFileSync(stat, 'utf8').includes(') T '));
  const report = await heal();
  t.deepEqual(actions(report), ['kill', 'start']);
  t.regex(report.found, /process \d+ .* is stopped/);
  t.true(report.renewed);
  t.is(await state(), 'running');
});

test('spinning, deaf to SIGTERM: restarted after the stop timeout', async (t) => {
  const { engine, id, heal, signal, state } = await container(t, '--restart', 'unless-stopped');
  await signal('SIGUSR2');
  await until('the process to spin', 5000, async () =>
    (await engine.docker('logs', id)).includes('spinning'),
  );
  const report = await heal();
  t.deepEqual(actions(report), ['restart']);
  t.true(report.renewed);
  t.is(await state(), 'running');
});

test('healthy by its looks, but convicted: restarted politely', async (t) => {
  const { heal } = await container(t, '--restart', 'unless-stopped', '--init');
  const report = await heal();
  t.deepEqual(actions(report), ['restart']);
  t.true(report.renewed);
});

test('crashed: started', async (t) => {
  const { heal, signal, state } = await container(t);
  await signal('SIGHUP');
  await until('the container to end', 5000, async () => (await state()) === 'exited');
  const report = await heal();
  t.deepEqual(actions(report), ['start']);
  t.regex(report.found, /code 3 .*nobody stopped it/);
  t.is(await state(), 'running');
});

test('killed, its process or by docker kill: started', async (t) => {
  for (const kill of ['process', 'docker kill']) {
    const { engine, id, heal, signal, state } = await container(t);
    if (kill === 'process') await signal('SIGKILL');
    else await engine.docker('kill', id);
    await until('the container to end', 5000, async () => (await state()) === 'exited');
    t.deepEqual(actions(await heal()), ['start']);
    t.is(await state(), 'running');
  }
});

test('stopped by docker stop: respected, whatever its restart policy', async (t) => {
  for (const policy of ['no', 'on-failure', 'unless-stopped', 'always']) {
    const { engine, id, heal, state } = await container(t, '--restart', policy);
    await engine.docker('stop', id);
    const report = await heal();
    t.is(report.result, 'respected', policy);
    t.deepEqual(report.steps, []);
    t.is(await state(), 'exited');
  }
});

test('in a loop of crashes: restarted without the engine’s back-off', async (t) => {
  const { heal, signal, state, engine, id } = await container(t, '--restart', 'always');
  for (let crash = 0; crash < 4; crash++) {
    await until('a running process', 20_000, async () => {
      if ((await state()) !== 'running') return false;
      return (await engine.docker('logs', id)).split('ready').length > crash + 1;
    });
    await signal('SIGHUP');
  }
  await until('the engine to hold it back', 5000, async () => (await state()) === 'restarting');
  const report = await heal();
  t.true(report.renewed);
  t.is(await state(), 'running');
});

test('its device is gone: tried again until it is back', async (t) => {
  const engine = await sharedWithImage();
  const device = join(engine.folder, 'ttyACM0');
  symlinkSync('/dev/null', device);
  const { heal, signal, state } = await container(t, '--device', `${device}:/dev/ttyACM0`);
  await signal('SIGSTOP');
  unlinkSync(device);
  const error = await t.throwsAsync(heal(), { instanceOf: RetryError });
  t.regex(String((error?.cause as Error | undefined)?.cause), /gathering device information/);
  await t.throwsAsync(heal(), { instanceOf: RetryError });
  symlinkSync('/dev/null', device);
  t.deepEqual(actions(await heal()), ['start']);
  t.is(await state(), 'running');
});
