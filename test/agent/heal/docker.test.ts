import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DEADLINES, type Deadlines } from '../../../agent/heal/act.ts';
import { type DockerHealerOptions, dockerHealer } from '../../../agent/heal/docker.ts';
import { EndedRuns } from '../../../agent/heal/ended-runs.ts';
import { connect } from '../../../agent/heal/engine.ts';
import { GiveUpError, RetryError, reason } from '../../../shared/errors.ts';
import { systemTime, type Time } from '../../../shared/time.ts';
import { answer, fakeContainer, fakeEngine, type Script, silent } from '../../support/fake-engine.ts';
import { silentLog, temporaryFolder } from '../../support/system.ts';

/** So short that what never happens takes milliseconds, so long that what happens is never missed. */
const short: Deadlines = {
  ...{ poll: 5, settle: 500, pause: 1000, start: 1000, kill: 1000, stuck: 200, restart: 1000 },
  ...{ policy: 100, device: 50, busy: 50 },
};

interface More extends Partial<DockerHealerOptions> {
  look?: number;
  deadlines?: Deadlines;
  endedRuns?: EndedRuns;
  time?: Time;
  signal?: AbortSignal;
  frozen?: boolean;
}

const never = new AbortController().signal;

function healer({ socket }: { socket: string }, more: More = {}) {
  const { look = 5000, deadlines = short, endedRuns = new EndedRuns(), time = systemTime, ...options } = more;
  const { which = { label: 'wattdog.watch=main' }, stopTimeoutS = 0, paused = 'unpause' } = options;
  const engine = connect(socket, systemTime, look);
  return dockerHealer(
    { which, stopTimeoutS, paused },
    { engine, endedRuns, time, log: silentLog, deadlines },
  );
}

const heal = (engine: { socket: string }, { frozen = false, signal = never, ...more }: More = {}) =>
  healer(engine, more).heal({ frozen }, signal);

const failure = async (
  t: ExecutionContext,
  healing: Promise<unknown>,
  as: typeof RetryError | typeof GiveUpError,
) => reason(await t.throwsAsync(healing, { instanceOf: as as typeof RetryError }));

/** Changes the container, then behaves as told. */
const after =
  (change: Parameters<typeof Object.assign>[1], then: Script): Script =>
  (container, response) => {
    Object.assign(container, change);
    then(container, response);
  };
const fails =
  (message: string, status = 500): Script =>
  (_container, response) =>
    answer(response, status, message);

test('restarts a running container with the stop timeout it was given', async (t) => {
  const engine = await fakeEngine(t);
  const report = await heal(engine, { stopTimeoutS: 2, deadlines: DEADLINES });
  t.is(report.result, 'running');
  t.deepEqual(engine.asked, ['restart?t=2']);
  t.deepEqual(
    report.steps.map(({ action }) => action),
    ['restart'],
  );
});

test('a paused container only needs unpause', async (t) => {
  const engine = await fakeEngine(t, { status: 'paused' });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['unpause']);
});

test('one that cannot be unpaused is killed and started', async (t) => {
  const engine = await fakeEngine(t, { status: 'paused' }, { unpause: fails('freezer is stuck') });
  const report = await heal(engine);
  t.deepEqual(
    report.steps.map(({ action }) => action),
    ['unpause', 'kill', 'start'],
  );
});

test('a stopped process is killed and started, with no stop timeout spent', async (t) => {
  const engine = await fakeEngine(t, {
    processes: [['4711', 'Tsl', '/usr/bin/node main.js --password=hush']],
  });
  const report = await heal(engine);
  t.is(report.result, 'running');
  t.regex(report.found, /process 4711 \(node\) is stopped \(state T\)$/);
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL', 'start']);
});

test('answers 500 after stopping, with the restart policy cancelled: started, not restarted again', async (t) => {
  const engine = await fakeEngine(
    t,
    {},
    { restart: after({ status: 'exited' }, fails('did not receive an exit event')) },
  );
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'start']);
});

test('never answers, and leaves it stopped: started', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: after({ status: 'exited' }, silent) });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'start']);
});

test('never answers, but restarts it: seen at once', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: after({ run: 2 }, silent) });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0']);
});

test('never answers, and does nothing: killed and started', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: silent });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'kill?signal=SIGKILL', 'start']);
});

test('answers after our deadline: seen while killing, and nothing is started', async (t) => {
  const engine = await fakeEngine(
    t,
    {},
    { restart: silent, kill: after({ run: 2 }, fails('is restarting', 409)) },
  );
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'kill?signal=SIGKILL']);
});

test('an engine that says it restarted, but shows the old run, is not believed', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: (_container, response) => answer(response, 204) });
  await heal(engine);
  t.deepEqual(engine.asked, ['restart?t=0', 'kill?signal=SIGKILL', 'start']);
});

test('D state: told at once, for nothing can kill it', async (t) => {
  const engine = await fakeEngine(t, { processes: [['4711', 'D', 'node']] }, { kill: silent });
  const deadlines = { ...short, kill: 600_000 };
  const error = await t.throwsAsync(heal(engine, { deadlines }), { instanceOf: GiveUpError });
  t.regex(error?.message ?? '', /still running; process 4711 \(node\) is in uninterruptible sleep/);
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL']);
});

test('inspect hangs: the list shows what happened', async (t) => {
  const engine = await fakeEngine(t, {}, { inspect: silent });
  const report = await heal(engine, { look: 1500 });
  t.is(report.result, 'running');
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL', 'start']);
});

test('top that hangs holds nothing up', async (t) => {
  const engine = await fakeEngine(t, {}, { top: silent });
  t.is((await heal(engine, { look: 1500 })).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0']);
});

test('an operator’s stop is respected', async (t) => {
  const events = [
    { Action: 'kill', Actor: { Attributes: { signal: '15' } } },
    { Action: 'die' },
    { Action: 'stop' },
  ];
  const engine = await fakeEngine(t, { status: 'exited', events });
  const report = await heal(engine);
  t.is(report.result, 'respected');
  t.deepEqual(report.steps, []);
  t.deepEqual(engine.asked, []);
});

test('events that hang hold nothing up', async (t) => {
  const engine = await fakeEngine(t, { status: 'exited', restartPolicy: 'no' }, { events: silent });
  t.is((await heal(engine, { look: 1500 })).result, 'running');
  t.deepEqual(engine.asked, ['start']);
});

test('a crash is started', async (t) => {
  const engine = await fakeEngine(t, { status: 'exited', exitCode: 1, events: [{ Action: 'die' }] });
  const report = await heal(engine);
  t.is(report.result, 'running');
  t.regex(report.found, /code 1 .*nobody stopped it/);
  t.deepEqual(engine.asked, ['start']);
});

test('device missing: named and waited for, and the stop that was ours is not taken for an operator’s', async (t) => {
  const events = [
    { Action: 'kill', Actor: { Attributes: { signal: '15' } } },
    { Action: 'die' },
    { Action: 'stop' },
  ];
  const noDevice = 'error gathering device information while adding custom device "/dev/ttyACM0"';
  let plugged = false;
  const engine = await fakeEngine(
    t,
    {},
    {
      restart: after({ status: 'exited', events }, fails(noDevice)),
      start: (container, response) => {
        if (!plugged) return answer(response, 500, noDevice);
        container.status = 'running';
        container.run += 1;
        answer(response, 204);
      },
    },
  );
  const same = healer(engine);
  const error = await t.throwsAsync(same.heal({ frozen: false }, never), { instanceOf: RetryError });
  t.regex(
    error?.message ?? '',
    /starting container meter-1: its device \/dev\/ttyACM0 must be there, is not/,
  );
  plugged = true;
  t.is((await same.heal({ frozen: false }, never)).result, 'running');
});

test('an engine that is away is tried again later', async (t) => {
  await t.throwsAsync(heal({ socket: '/nonexistent/engine.sock' }), {
    instanceOf: RetryError,
  });
});

test('an engine that never answers is tried again later', async (t) => {
  const engine = await fakeEngine(t, {}, { list: silent });
  await t.throwsAsync(heal(engine, { look: 1500 }), {
    instanceOf: RetryError,
    message: /must be answered within 1500 ms/,
  });
});

test('what a proxy forbids is for a person to allow', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: fails('Forbidden', 403) });
  await t.throwsAsync(heal(engine), { instanceOf: GiveUpError, message: /restart container meter-1/ });
});

test('container gone while it is healed: looked for again later', async (t) => {
  const engine = await fakeEngine(t);
  const restart: Script = (_container, response) => {
    engine.containers.pop();
    answer(response, 404, 'No such container');
  };
  engine.scripts.restart = restart;
  const same = healer(engine);
  t.regex(await failure(t, same.heal({ frozen: false }, never), RetryError), /must be there, is gone/);
  t.regex(
    await failure(t, same.heal({ frozen: false }, never), GiveUpError),
    /must be exactly one, found none/,
  );
});

test('name reused: the new container is healed, not the old id', async (t) => {
  const engine = await fakeEngine(t, { labels: {} });
  const same = healer(engine, { which: { name: 'meter-1' } });
  await same.heal({ frozen: false }, never);
  engine.containers[0] = fakeContainer({ id: 'b2'.repeat(32) });
  engine.paths.length = 0;
  t.is((await same.heal({ frozen: false }, never)).result, 'running');
  t.true(engine.paths.some((path) => path.includes('b2b2')));
  t.false(engine.paths.some((path) => path.includes('a1a1')));
});

test('exactly one container must fit, and no other is touched', async (t) => {
  const other = { id: 'c3'.repeat(32), name: 'other', labels: {} };
  const none = await fakeEngine(t, { labels: { 'wattdog.watch': 'attic' } }, {}, [other]);
  await t.throwsAsync(heal(none), { instanceOf: GiveUpError, message: /wattdog\.watch=main.*found none/ });
  const two = await fakeEngine(t, {}, {}, [{ id: 'c3'.repeat(32), name: 'meter-2' }]);
  await t.throwsAsync(heal(two), { instanceOf: GiveUpError, message: /found 2: meter-1, meter-2/ });
  const prefix = await fakeEngine(t, { labels: {} });
  await t.throwsAsync(heal(prefix, { which: { name: 'meter' } }), { instanceOf: GiveUpError });
  await t.throwsAsync(heal(prefix, { which: { name: 'a1a1' } }), { instanceOf: GiveUpError });
  t.deepEqual([...none.asked, ...two.asked, ...prefix.asked], []);
});

test.serial('DOCKER_HOST does not lead it to another engine than the one it was given', async (t) => {
  const engine = await fakeEngine(t);
  const before = process.env.DOCKER_HOST;
  t.teardown(() => {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  });
  process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
  t.is((await heal(engine)).result, 'running');
});

test('stops at once when it is aborted', async (t) => {
  const abort = new AbortController();
  const engine = await fakeEngine(
    t,
    {},
    { restart: () => abort.abort(new Error('the agent is shutting down')) },
  );
  await t.throwsAsync(heal(engine, { signal: abort.signal }), { message: 'the agent is shutting down' });
});

test('name reused while it is healed: the new container, which somebody else started, is left in peace', async (t) => {
  const engine = await fakeEngine(t);
  engine.scripts.kill = (_container, response) => {
    engine.containers[0] = fakeContainer({ id: 'b2'.repeat(32) });
    answer(response, 404, 'No such container');
  };
  const report = await heal(engine, { frozen: true });
  t.is(report.result, 'running');
  t.regex(report.found, /it was removed, and a new one runs in its place/);
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL']);
});

test('a container that lost its label is not ours any more, whatever its name', async (t) => {
  const engine = await fakeEngine(t, { name: 'zigbee', labels: { 'wattdog.watch': 'true' } });
  const same = healer(engine, { which: { name: 'zigbee', label: 'wattdog.watch=true' } });
  t.is((await same.heal({ frozen: false }, never)).result, 'running');
  engine.container.labels = {};
  t.regex(
    await failure(t, same.heal({ frozen: false }, never), GiveUpError),
    /container zigbee labelled wattdog\.watch=true .*found none/,
  );
  t.is(engine.asked.length, 1);
});

test('a process known to be frozen is killed at once, whatever top shows', async (t) => {
  const engine = await fakeEngine(t);
  t.is((await heal(engine, { frozen: true })).result, 'running');
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL', 'start']);
});

test('a frozen container made with --rm is restarted with no time to stop: killing would remove it', async (t) => {
  const engine = await fakeEngine(t, { autoRemove: true });
  t.is((await heal(engine, { frozen: true, stopTimeoutS: 5 })).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0']);
});

test('a pause is respected where the settings say so', async (t) => {
  const engine = await fakeEngine(t, { status: 'paused' });
  t.is((await heal(engine, { paused: 'respect', frozen: true })).result, 'respected');
  t.deepEqual(engine.asked, []);
});

test('the engine starts it by itself: not asked to', async (t) => {
  const engine = await fakeEngine(
    t,
    { status: 'exited', exitCode: 1 },
    {
      events: (container, response) => {
        Object.assign(container, { status: 'running', run: 2 });
        response.end(JSON.stringify({ Action: 'die' }));
      },
    },
  );
  const report = await heal(engine, { deadlines: { ...short, policy: 60_000 } });
  t.regex(report.found, /nobody stopped it; the engine started it again/);
  t.deepEqual(engine.asked, []);
});

test('a look tells which process is stopped, and hides no trouble in words', async (t) => {
  const processes = [
    ['4711', 'Ssl', 'node'],
    ['4712', 'Tl', 'worker'],
  ];
  const stopped = await fakeEngine(t, { processes });
  t.is(await healer(stopped).examine(never), 'process 4712 (worker) is stopped (state T)');
  t.is(await healer(await fakeEngine(t)).examine(never), undefined);
  t.is(await healer(await fakeEngine(t, {}, { top: fails('no ps') })).examine(never), undefined);
  t.is(await healer({ socket: '/nowhere/engine.sock' }).examine(never), undefined);
  t.deepEqual(stopped.asked, []);
});

test('one that ended and runs again by now is left alone', async (t) => {
  const engine = await fakeEngine(t, { run: 2 });
  const report = await healer(engine).heal({ frozen: false, ended: true }, never);
  t.is(report.result, 'running');
  t.regex(report.found, /^it runs again since 2026-/);
  t.deepEqual(report.steps, []);
  t.deepEqual(engine.asked, []);
});

test('stopped by an operator while we restart it: respected', async (t) => {
  const stopped = [{ Action: 'kill', Actor: { Attributes: { signal: '15' } } }, { Action: 'die' }];
  const engine = await fakeEngine(
    t,
    {},
    {
      restart: after({ status: 'exited', run: 2, events: stopped }, (_container, response) =>
        answer(response, 204),
      ),
    },
  );
  const same = healer(engine);
  t.regex(
    await failure(t, same.heal({ frozen: false }, never), RetryError),
    /was started and ended meanwhile/,
  );
  t.is((await same.heal({ frozen: false }, never)).result, 'respected');
  t.deepEqual(engine.asked, ['restart?t=0']);
});

test('our restart that left it stopped is no operator’s stop for any healer that shares our record', async (t) => {
  const events = [{ Action: 'kill', Actor: { Attributes: { signal: '15' } } }, { Action: 'die' }];
  const engine = await fakeEngine(
    t,
    { restartPolicy: 'no' },
    {
      restart: after({ status: 'exited', events }, fails('server error')),
      start: fails('not yet'),
    },
  );
  const endedRuns = new EndedRuns();
  await t.throwsAsync(heal(engine, { endedRuns }));
  delete engine.scripts.start;
  t.is((await heal(engine)).result, 'respected');
  t.is((await heal(engine, { endedRuns })).result, 'running');
});

test('device missing, then seen to be back: it settles before the start', async (t) => {
  const device = join(temporaryFolder(t), 'ttyACM0');
  const startError = `error gathering device information while adding custom device "${device}": no such file or directory`;
  const engine = await fakeEngine(t, { status: 'exited', startError }, { start: fails(startError) });
  t.regex(
    await failure(t, heal(engine, { deadlines: { ...short, device: 600_000 } }), RetryError),
    /ttyACM0/,
  );
  writeFileSync(device, '');
  delete engine.scripts.start;
  const slept: number[] = [];
  const time = {
    ...systemTime,
    sleep: (ms: number, signal: AbortSignal) => {
      slept.push(ms);
      return systemTime.sleep(ms, signal);
    },
  };
  t.is((await heal(engine, { time, deadlines: { ...short, device: 77 } })).result, 'running');
  t.true(slept.includes(77));
});

for (const words of ['open /dev/ttyACM0: device or resource busy', 'EBUSY: resource busy or locked'])
  test(`EBUSY (${words}): tried once more after a while`, async (t) => {
    const start: Script = (container, response) => {
      if (engine.asked.length === 1) return answer(response, 500, words);
      Object.assign(container, { status: 'running', run: 2 });
      answer(response, 204);
    };
    const engine = await fakeEngine(t, { status: 'exited', restartPolicy: 'no' }, { start });
    t.is((await heal(engine)).result, 'running');
    t.deepEqual(engine.asked, ['start', 'start']);
  });

test('EBUSY that lasts: told, and tried again later', async (t) => {
  const busy = fails('device or resource busy');
  const engine = await fakeEngine(t, { status: 'exited', restartPolicy: 'no' }, { start: busy });
  t.regex(await failure(t, heal(engine), RetryError), /its device must be free, was still busy after 0.05 s/);
  t.deepEqual(engine.asked, ['start', 'start']);
});

test('a start that the engine refuses is for a person', async (t) => {
  const refused = fails('driver failed: port is already allocated');
  const engine = await fakeEngine(t, { status: 'exited', restartPolicy: 'no' }, { start: refused });
  t.regex(await failure(t, heal(engine), GiveUpError), /must run, is exited: .*port is already allocated/);
});

test('one that ends as soon as it is started is for a person', async (t) => {
  const start = after({ run: 2, exitCode: 3 }, (_container, response) => answer(response, 204));
  const engine = await fakeEngine(t, { status: 'exited', restartPolicy: 'no' }, { start });
  t.regex(await failure(t, heal(engine), GiveUpError), /must stay up, ended at once with code 3/);
});

test('a kill that the engine cannot do is for a person; an engine that goes meanwhile is tried again', async (t) => {
  const refused = await fakeEngine(t, {}, { kill: fails('cannot kill container: permission denied') });
  t.regex(
    await failure(t, heal(refused, { frozen: true }), GiveUpError),
    /must end within 1 s, is still running: .*permission denied/,
  );
  const away = await fakeEngine(t, {}, { kill: (_container, response) => response.destroy() });
  await failure(t, heal(away, { frozen: true }), RetryError);
});

test('API too old: no version is named, and a refusal of one says what to do', async (t) => {
  const engine = await fakeEngine(t);
  await heal(engine);
  t.true(engine.paths.every((path) => !/^\/v\d/.test(path)));
  for (const words of [
    'client version 1.24 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version',
    'client version 1.52 is too new. Maximum supported API version is 1.41',
  ]) {
    engine.scripts.list = fails(words, 400);
    t.regex(await failure(t, heal(engine), GiveUpError), /name no API version; a proxy .*client version/);
  }
});

test('events hidden by a proxy: the restart policy tells whether somebody stopped it', async (t) => {
  const hidden = { events: fails('Forbidden', 403) };
  t.is((await heal(await fakeEngine(t, { status: 'exited' }, hidden))).result, 'respected');
  const none = await fakeEngine(t, { status: 'exited', restartPolicy: 'no' }, hidden);
  t.is((await heal(none)).result, 'running');
});

test('an engine that comes back on a new socket is healed with as before', async (t) => {
  const engine = await fakeEngine(t);
  const same = healer(engine);
  t.is((await same.heal({ frozen: false }, never)).result, 'running');
  await engine.stop();
  await failure(t, same.heal({ frozen: false }, never), RetryError);
  await engine.start();
  t.is((await same.heal({ frozen: false }, never)).result, 'running');
  t.is(engine.asked.length, 2);
});

test('freeze: SIGSTOP for a single process, and the healer kills what it finds', async (t) => {
  const engine = await fakeEngine(t);
  const same = healer(engine);
  t.is(await same.freeze(never), 'stopped its only process, 4711 (node), with SIGSTOP');
  t.is((await same.heal({ frozen: false }, never)).result, 'running');
  t.deepEqual(engine.asked, ['kill?signal=SIGSTOP', 'kill?signal=SIGKILL', 'start']);
});

test('freeze: a pause for several processes, which the healer ends even where pauses are respected', async (t) => {
  const processes = [
    ['4711', 'Ss', 'docker-init'],
    ['4712', 'Sl', 'node'],
  ];
  const engine = await fakeEngine(t, { processes });
  const same = healer(engine, { paused: 'respect' });
  t.is(await same.freeze(never), 'paused it, for it has 2 processes');
  t.is((await same.heal({ frozen: true }, never)).result, 'running');
  t.deepEqual(engine.asked, ['pause', 'unpause']);
  engine.container.status = 'paused';
  t.is((await same.heal({ frozen: true }, never)).result, 'respected', 'not ours this time');
});

test('freeze: a pause where the engine does not show the processes', async (t) => {
  const engine = await fakeEngine(t, {}, { top: fails('Forbidden', 403) });
  t.is(await healer(engine).freeze(never), 'paused it, for the engine does not show its processes');
});

test('freeze: only what runs, and only what is seen frozen', async (t) => {
  const exited = await fakeEngine(t, { status: 'exited' });
  t.regex(await failure(t, healer(exited).freeze(never), RetryError), /must be running, is exited/);
  const deaf = await fakeEngine(t, {}, { kill: (_container, response) => answer(response, 204) });
  t.regex(await failure(t, healer(deaf).freeze(never), RetryError), /must stand still, is running/);
});
