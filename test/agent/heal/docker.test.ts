import test from 'ava';
import { DEADLINES, dockerHealer } from '../../../agent/heal/docker.ts';
import { GiveUpError, RetryError } from '../../../shared/errors.ts';
import { systemTime } from '../../../shared/time.ts';
import { answer, type FakeEngine, fakeEngine, type Script, silent } from '../../support/fake-engine.ts';
import { silentLog } from '../../support/system.ts';

/** So short that what never happens takes milliseconds, so long that what happens is never missed. */
const deadlines = {
  ...DEADLINES,
  poll: 5,
  settle: 500,
  unpause: 1000,
  start: 1000,
  kill: 1000,
  restart: 1000,
};

function healer({ socket }: { socket: string }, more: { container?: string; look?: number } = {}) {
  return dockerHealer(
    { socket, watch: 'main', stopTimeoutS: 0, container: more.container },
    { time: systemTime, log: silentLog, deadlines: { ...deadlines, look: more.look ?? 5000 } },
  );
}

const heal = (engine: FakeEngine, more = {}, signal = new AbortController().signal) =>
  healer(engine, more).heal(signal);

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
  const report = await dockerHealer(
    { socket: engine.socket, watch: 'main', stopTimeoutS: 2 },
    { time: systemTime, log: silentLog },
  ).heal(new AbortController().signal);
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
  const engine = await fakeEngine(t, { processes: [['4711', 'Tsl', 'node']] });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL', 'start']);
});

test('a restart that fails and leaves it stopped with its policy cancelled: started, not restarted again', async (t) => {
  const engine = await fakeEngine(
    t,
    {},
    { restart: after({ status: 'exited' }, fails('did not receive an exit event')) },
  );
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'start']);
});

test('a restart that is never answered and leaves it stopped: started', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: after({ status: 'exited' }, silent) });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'start']);
});

test('a restart that is never answered but done is seen at once', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: after({ run: 2 }, silent) });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0']);
});

test('a restart that is never answered and does nothing: killed and started', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: silent });
  t.is((await heal(engine)).result, 'running');
  t.deepEqual(engine.asked, ['restart?t=0', 'kill?signal=SIGKILL', 'start']);
});

test('a restart that the engine finishes after our deadline is seen while killing, and nothing is started', async (t) => {
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

test('what survives SIGKILL is left to a person, and the D state is named', async (t) => {
  const engine = await fakeEngine(t, { processes: [['4711', 'D', 'node']] }, { kill: silent });
  const error = await t.throwsAsync(heal(engine), { instanceOf: GiveUpError });
  t.regex(error?.message ?? '', /still running; process 4711 \(node\) is in uninterruptible sleep/);
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL']);
});

test('inspect that hangs holds nothing up: the list shows what happened', async (t) => {
  const engine = await fakeEngine(t, {}, { inspect: silent });
  const report = await heal(engine, { look: 500 });
  t.is(report.result, 'running');
  t.deepEqual(engine.asked, ['kill?signal=SIGKILL', 'start']);
});

test('top that hangs holds nothing up', async (t) => {
  const engine = await fakeEngine(t, {}, { top: silent });
  t.is((await heal(engine, { look: 500 })).result, 'running');
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
  t.is((await heal(engine, { look: 500 })).result, 'running');
  t.deepEqual(engine.asked, ['start']);
});

test('a crash is started', async (t) => {
  const engine = await fakeEngine(t, { status: 'exited', exitCode: 1, events: [{ Action: 'die' }] });
  const report = await heal(engine);
  t.is(report.result, 'running');
  t.regex(report.found, /code 1 .*nobody stopped it/);
  t.deepEqual(engine.asked, ['start']);
});

test('a missing device is waited for, and the stop that was ours is not taken for an operator’s', async (t) => {
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
  const { signal } = new AbortController();
  const error = await t.throwsAsync(same.heal(signal), { instanceOf: RetryError });
  t.regex(String(error?.cause), /asking the engine to start container meter-1/);
  plugged = true;
  t.is((await same.heal(signal)).result, 'running');
});

test('an engine that is away is tried again later', async (t) => {
  await t.throwsAsync(healer({ socket: '/nonexistent/engine.sock' }).heal(new AbortController().signal), {
    instanceOf: RetryError,
  });
});

test('an engine that never answers is tried again later', async (t) => {
  const engine = await fakeEngine(t, {}, { list: silent });
  await t.throwsAsync(heal(engine, { look: 500 }), {
    instanceOf: RetryError,
    message: /must be answered within 500 ms/,
  });
});

test('what a proxy forbids is for a person to allow', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: fails('Forbidden', 403) });
  await t.throwsAsync(heal(engine), { instanceOf: GiveUpError, message: /restart container meter-1/ });
});

test('a container that vanished while it was healed is looked for again later', async (t) => {
  const engine = await fakeEngine(t, {}, { restart: after({ id: 'gone' }, fails('No such container', 404)) });
  await t.throwsAsync(heal(engine), { instanceOf: RetryError });
});

test('a container made anew under its name, with another id, is found again', async (t) => {
  const engine = await fakeEngine(t, { labels: {} });
  const same = healer(engine, { container: 'meter-1' });
  const { signal } = new AbortController();
  await same.heal(signal);
  Object.assign(engine.container, { id: 'b2'.repeat(32), run: 1 });
  t.is((await same.heal(signal)).result, 'running');
});

test('exactly one container must fit, and no other is touched', async (t) => {
  const other = { id: 'c3'.repeat(32), name: 'other', labels: {} };
  const none = await fakeEngine(t, { labels: { 'wattdog.watch': 'attic' } }, {}, [other]);
  await t.throwsAsync(heal(none), { instanceOf: GiveUpError, message: /wattdog\.watch=main.*found none/ });
  const two = await fakeEngine(t, {}, {}, [{ id: 'c3'.repeat(32), name: 'meter-2' }]);
  await t.throwsAsync(heal(two), { instanceOf: GiveUpError, message: /found 2: meter-1, meter-2/ });
  const prefix = await fakeEngine(t, { labels: {} });
  await t.throwsAsync(heal(prefix, { container: 'meter' }), { instanceOf: GiveUpError });
  await t.throwsAsync(heal(prefix, { container: 'a1a1' }), { instanceOf: GiveUpError });
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
  await t.throwsAsync(heal(engine, {}, abort.signal), { message: 'the agent is shutting down' });
});
