import { existsSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { DEADLINES } from '../../../agent/heal/act.ts';
import { followContainers } from '../../../agent/heal/containers.ts';
import { type DockerHealerOptions, dockerHealer } from '../../../agent/heal/docker.ts';
import { EndedRuns } from '../../../agent/heal/ended-runs.ts';
import { connect } from '../../../agent/heal/engine.ts';
import type { SeenContainer } from '../../../agent/heal/seen.ts';
import { RetryError, reason } from '../../../shared/errors.ts';
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
const never = new AbortController().signal;

/** A container of the program above, running and ready, with its own watch. */
async function container(t: ExecutionContext, ...options: string[]) {
  const engine = await sharedWithImage();
  const watch = `w${++count}`;
  const label = `wattdog.watch=${watch}`;
  const create = (command: string, ...more: string[]) =>
    engine.docker(
      ...[command, '--network', 'none', '--label', label, ...more, ...options],
      ...[IMAGE, 'node', '-e', PROGRAM],
    );
  const id = await create('run', '--detach');
  t.teardown(async () => {
    const left = await engine.docker('ps', '--all', '--quiet', '--filter', `label=${label}`);
    if (left !== '') await engine.docker('rm', '--force', ...left.split('\n'));
  });
  await until('the container to be ready', 20_000, async () =>
    (await engine.docker('logs', id)).includes('ready'),
  );
  const endedRuns = new EndedRuns();
  const api = connect(engine.socket, systemTime);
  const healerOf = (options: Partial<DockerHealerOptions> = {}, deadlines = DEADLINES) =>
    dockerHealer(
      { which: { label }, stopTimeoutS: 2, paused: 'unpause', ...options },
      { engine: api, endedRuns, time: systemTime, log: silentLog, deadlines },
    );
  const healer = healerOf();
  return {
    engine,
    id,
    label,
    create,
    healer,
    healerOf,
    /** How often the program has got ready. */
    ready: async () => (await engine.docker('logs', id)).split('ready').length - 1,
    signal: async (signal: NodeJS.Signals) => process.kill(await pid(engine, id), signal),
    state: () => engine.docker('inspect', '--format', '{{.State.Status}}', id),
    heal: async (frozen = false) => {
      const before = await startedAt(engine, id);
      const began = performance.now();
      const report = await healer.heal({ frozen }, never);
      const took = Math.round(performance.now() - began);
      const steps = report.steps.map(({ action, tookMs }) => `${action} ${Math.round(tookMs)} ms`);
      t.log(`${took} ms, ${report.result}: ${report.found}: ${steps.join(', ')}`);
      return { ...report, renewed: (await startedAt(engine, id)) !== before };
    },
    /** Follows the engine until the test ends; what is told of this watch's containers. */
    follow: () => {
      const told: (SeenContainer & { at: number })[] = [];
      const gone: string[] = [];
      const stop = new AbortController();
      const running = followContainers(
        api,
        { names: [], endedRuns, time: systemTime, log: silentLog },
        stop.signal,
        {
          changed: (seen) => {
            if (seen.labels['wattdog.watch'] === watch) told.push({ ...seen, at: performance.now() });
          },
          gone: (each) => gone.push(each),
          engine: () => {},
        },
      );
      t.teardown(async () => {
        stop.abort();
        await running;
      });
      const sees = (what: string, fits: (seen: SeenContainer) => unknown) =>
        until(`${what} to be told`, 20_000, () => told.find(fits));
      return { told, gone, sees };
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

/** Crashes it until the engine waits 1.6 s before it starts it again. */
async function crashAgainAndAgain({ signal, state, ready }: Awaited<ReturnType<typeof container>>) {
  for (let crash = 0; crash < 5; crash++) {
    await until(
      'a running process',
      20_000,
      async () => (await state()) === 'running' && (await ready()) > crash,
    );
    await signal('SIGHUP');
  }
  await until('the engine to hold it back', 5000, async () => (await state()) === 'restarting');
}

test('in a loop of crashes: restarted without the engine’s back-off', async (t) => {
  const crashing = await container(t, '--restart', 'always');
  await crashAgainAndAgain(crashing);
  const report = await crashing.heal();
  t.true(report.renewed);
  t.is(await crashing.state(), 'running');
});

test('in a loop of crashes, with time to wait: left to the engine, which starts it again', async (t) => {
  const crashing = await container(t, '--restart', 'always');
  const patient = crashing.healerOf({}, { ...DEADLINES, policy: 60_000 });
  await crashAgainAndAgain(crashing);
  const report = await patient.heal({ frozen: false }, never);
  t.regex(report.found, /waits for the engine to start it again; the engine started it again/);
  t.deepEqual(report.steps, []);
  t.is(await crashing.state(), 'running');
});

test('its device is gone: named, and tried again until it is back', async (t) => {
  const engine = await sharedWithImage();
  const device = join(engine.folder, 'ttyACM0');
  symlinkSync('/dev/null', device);
  const { heal, signal, state } = await container(t, '--device', `${device}:/dev/ttyACM0`);
  await signal('SIGSTOP');
  unlinkSync(device);
  const error = await t.throwsAsync(heal(true), { instanceOf: RetryError });
  t.true(error?.message.includes(`its device ${device} must be there, is not`), error?.message);
  t.regex(reason(error), /gathering device information/);
  await t.throwsAsync(heal(), { instanceOf: RetryError });
  symlinkSync('/dev/null', device);
  const began = performance.now();
  t.deepEqual(actions(await heal()), ['start']);
  t.true(performance.now() - began >= 2000, 'it settles first');
  t.is(await state(), 'running');
});

test('known to be frozen, though it looks well: killed and started', async (t) => {
  const { heal, state } = await container(t, '--restart', 'always');
  const report = await heal(true);
  t.deepEqual(actions(report), ['kill', 'start']);
  t.true(report.renewed);
  t.is(await state(), 'running');
});

test('made with --rm and frozen: restarted, and not lost', async (t) => {
  const { heal, signal, state } = await container(t, '--rm');
  await signal('SIGSTOP');
  const report = await heal(true);
  t.deepEqual(actions(report), ['restart']);
  t.true(report.renewed);
  t.is(await state(), 'running');
});

test('a drill freezes a single process with SIGSTOP, and healing kills and starts it', async (t) => {
  const { engine, id, healer, heal } = await container(t, '--restart', 'unless-stopped');
  const main = await pid(engine, id);
  t.is(await healer.freeze(never), `stopped its only process, ${main} (node), with SIGSTOP`);
  t.regex(readFileSync(`/proc/${main}/status`, 'utf8'), /^State:\s+T/m);
  const report = await heal();
  t.deepEqual(actions(report), ['kill', 'start']);
  t.true(report.renewed);
});

test('a drill pauses several processes, and healing ends the pause even where pauses are respected', async (t) => {
  const { engine, id, healerOf, state } = await container(t, '--init');
  const healer = healerOf({ paused: 'respect' });
  t.is(await healer.freeze(never), 'paused it, for it has 2 processes');
  t.is(await state(), 'paused');
  t.deepEqual(actions(await healer.heal({ frozen: true }, never)), ['unpause']);
  t.is(await state(), 'running');
  await engine.docker('pause', id);
  t.is((await healer.heal({ frozen: true }, never)).result, 'respected');
  await engine.docker('unpause', id);
});

test('stopped by an operator between two of our tries: respected', async (t) => {
  const { engine, id, heal, signal, state } = await container(t, '--restart', 'unless-stopped');
  await signal('SIGSTOP');
  t.is((await heal(true)).result, 'running');
  await engine.docker('stop', '--time', '0', id);
  t.is((await heal(true)).result, 'respected');
  t.is(await state(), 'exited');
});

test('removed and made anew under its name: the new one is healed, and the old one is gone', async (t) => {
  const name = `wattdog-test-${process.pid}`;
  const { engine, id, create, healerOf, follow } = await container(t, '--name', name);
  const healer = healerOf({ which: { name } });
  const { gone, sees } = follow();
  await sees('the container', (seen) => seen.id === id);
  await engine.docker('rm', '--force', id);
  await until('it to be gone', 20_000, () => gone.includes(id));
  await t.throwsAsync(healer.heal({ frozen: false }, never), { message: /must be exactly one, found none/ });
  const next = await create('run', '--detach');
  await sees('the new one', (seen) => seen.id === next && seen.evidence.status === 'running');
  const before = await startedAt(engine, next);
  t.is((await healer.heal({ frozen: true }, never)).result, 'running');
  t.not(await startedAt(engine, next), before);
});

test('what happens to a container is told as it happens', async (t) => {
  const { engine, id, signal, state, follow, ready } = await container(t);
  const { told, sees } = follow();
  await sees('the container', ({ evidence }) => evidence.status === 'running');
  const newest = (what: string, fits: (seen: SeenContainer) => unknown) =>
    until(`${what} to be told`, 20_000, () => {
      const last = told.at(-1);
      return last && fits(last) ? last : undefined;
    });
  await engine.docker('pause', id);
  await newest('the pause', ({ evidence }) => evidence.status === 'paused');
  await engine.docker('unpause', id);
  await newest('its end', ({ evidence }) => evidence.status === 'running');

  const main = await pid(engine, id);
  await signal('SIGHUP');
  await until('the process to end', 5000, () => !existsSync(`/proc/${main}`));
  const ended = performance.now();
  const crash = await newest('the crash', ({ evidence }) => evidence.status === 'exited');
  t.log(`told ${Math.round(crash.at - ended)} ms after the process had gone`);
  t.is(crash.evidence.exitCode, 3);
  t.is(crash.stoppedBy, undefined);

  await engine.docker('start', id);
  const again = await newest('the start', ({ evidence }) => evidence.status === 'running');
  t.is(again.startedAt, await startedAt(engine, id));
  await until('the program to be ready', 20_000, async () => (await ready()) === 2);
  await engine.docker('stop', id);
  const stop = await newest('the stop', ({ evidence }) => evidence.status === 'exited');
  t.is(stop.stoppedBy, 'operator');
  t.is(await state(), 'exited');
  const { told: later, sees: seesLater } = follow();
  await seesLater('the stop', ({ evidence }) => evidence.status === 'exited');
  t.is(later[0]?.stoppedBy, 'operator', 'known from the engine’s memory, too');
});

test('our own restart is told, and is nobody else’s stop', async (t) => {
  const { heal, follow } = await container(t);
  const { told, sees } = follow();
  const first = await sees('the container', ({ evidence }) => evidence.status === 'running');
  t.deepEqual(actions(await heal()), ['restart']);
  await sees(
    'the new run',
    ({ evidence, startedAt }) => evidence.status === 'running' && startedAt !== first.startedAt,
  );
  t.true(told.some(({ evidence }) => evidence.status === 'exited'));
  t.true(told.every(({ stoppedBy }) => stoppedBy === undefined));
});

test('a health check’s verdict is told', async (t) => {
  const check = 'test -e /tmp/ill && exit 1 || exit 0';
  const { engine, id, follow } = await container(
    t,
    '--tmpfs',
    '/tmp',
    '--health-cmd',
    check,
    '--health-interval',
    '1s',
    '--health-retries',
    '1',
  );
  const { sees } = follow();
  await sees('health', ({ evidence }) => evidence.health === 'healthy');
  await engine.docker('exec', id, 'node', '-e', "require('fs').writeFileSync('/tmp/ill', '')");
  t.is((await sees('illness', ({ evidence }) => evidence.health === 'unhealthy')).evidence.status, 'running');
});

test('an engine that is restarted is followed again by itself', async (t) => {
  const { follow, engine, id, signal, heal, ready } = await container(t);
  const { sees, told } = follow();
  await sees('the container', () => true);
  await engine.restart();
  await engine.docker('start', id);
  await until('the program to be ready', 20_000, async () => (await ready()) === 2);
  const since = told.length;
  await signal('SIGHUP');
  await until('the crash', 20_000, () => told.slice(since).some(({ evidence }) => evidence.exitCode === 3));
  t.deepEqual(actions(await heal()), ['start']);
});
