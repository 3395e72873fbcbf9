import test, { type ExecutionContext } from 'ava';
import { followContainers, type Periods } from '../../../agent/heal/containers.ts';
import { EndedRuns } from '../../../agent/heal/ended-runs.ts';
import { connect } from '../../../agent/heal/engine.ts';
import type { SeenContainer } from '../../../agent/heal/seen.ts';
import { systemTime } from '../../../shared/time.ts';
import {
  answer,
  type FakeEngine,
  fakeContainer,
  fakeEngine,
  inspection,
  silent,
} from '../../support/fake-engine.ts';
import { silentLog, until } from '../../support/system.ts';

/** Nothing is pinged or listed again during a test, unless it says so. */
const PERIODS: Periods = { ping: 600_000, check: 600_000, poll: 600_000 };
const ENOUGH = 20_000;

interface How {
  names?: string[];
  periods?: Partial<Periods>;
  endedRuns?: EndedRuns;
  look?: number;
}

/** Follows the engine until the test ends, and keeps what it is told. */
function follow(t: ExecutionContext, { socket }: { socket: string }, how: How = {}) {
  const { names = [], periods = {}, endedRuns = new EndedRuns(), look = 5000 } = how;
  const changes: SeenContainer[] = [];
  const gone: string[] = [];
  const states: ({ latency: number } | { trouble: string })[] = [];
  const said: string[] = [];
  const log = silentLog.child({}, { level: 'silent' });
  log.warn = (words: unknown) => void said.push(String(words));
  log.info = (words: unknown) => void said.push(String(words));
  const stop = new AbortController();
  const running = followContainers(
    connect(socket, systemTime, look),
    { names, endedRuns, time: systemTime, log, periods: { ...PERIODS, ...periods }, random: () => 0 },
    stop.signal,
    {
      changed: (container) => changes.push(container),
      gone: (id) => gone.push(id),
      engine: (state) => states.push(state),
    },
  );
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const last = () => changes.at(-1);
  let seen = 0;
  /** Until something is told that fits, after what was seen before. */
  const sees = async (what: string, fits: (container: SeenContainer) => unknown) => {
    try {
      const index = await until(what, ENOUGH, () => {
        const found = changes.findIndex((container, index) => index >= seen && fits(container));
        return found >= 0 ? found + 1 : undefined;
      });
      seen = index;
      return changes[index - 1] as SeenContainer;
    } catch (error) {
      throw new Error(`told ${JSON.stringify(changes)}`, { cause: error });
    }
  };
  return { changes, gone, states, said, last, sees, stop, running };
}

const status = (wanted: string) => (container: SeenContainer) => container.evidence.status === wanted;

/** A followed engine that has told its one container. */
async function followed(t: ExecutionContext, given: Parameters<typeof fakeEngine>[1] = {}, how: How = {}) {
  const engine = await fakeEngine(t, given);
  const told = follow(t, engine, how);
  await told.sees('the container', () => true);
  await until('the events to be followed', ENOUGH, () => engine.followers() === 1);
  return { engine, ...told };
}

const inspects = ({ paths }: FakeEngine, id = 'a1a1') =>
  paths.filter((path) => path.includes(id) && path.endsWith('/json')).length;

test('tells every labelled container there is, as inspect shows it', async (t) => {
  const { changes } = await followed(t, {
    health: 'healthy',
    labels: { 'wattdog.watch': 'main', other: 'x' },
  });
  t.deepEqual(changes, [
    {
      id: 'a1'.repeat(32),
      name: 'meter-1',
      labels: { 'wattdog.watch': 'main' },
      evidence: { name: 'meter-1', status: 'running', health: 'healthy' },
      startedAt: '2026-01-01T00:01:00.000Z',
    },
  ]);
});

test('a container that is named needs no label; any other is none of ours: not told, and not asked about', async (t) => {
  const engine = await fakeEngine(t, { name: 'rtl_433', labels: {} }, {}, [
    { id: 'b2'.repeat(32), name: 'database', labels: { 'com.example': 'x' } },
    { id: 'c3'.repeat(32), name: 'off', labels: { 'wattdog.watch': 'false' } },
  ]);
  const { changes, gone, sees } = follow(t, engine, { names: ['rtl_433'] });
  await sees('the named one', ({ name }) => name === 'rtl_433');
  await until('the events', ENOUGH, () => engine.followers() === 1);
  for (const other of engine.containers.slice(1))
    for (const action of ['kill', 'die', 'start', 'oom', 'destroy', 'create']) engine.emit(other, action);
  engine.emit(engine.container, 'oom');
  await sees('the event after those', ({ evidence }) => evidence.oomKilled);
  t.true(changes.every(({ name }) => name === 'rtl_433'));
  t.deepEqual(gone, []);
  t.is(inspects(engine, 'b2b2') + inspects(engine, 'c3c3'), 0);
});

test('an end is told within 100 ms, with its code, even if inspect hangs', async (t) => {
  const { engine, sees } = await followed(t);
  engine.scripts.inspect = silent;
  const took: number[] = [];
  for (let exitCode = 1; exitCode <= 10; exitCode++) {
    const at = performance.now();
    engine.emit(engine.container, 'die', { exitCode: String(exitCode) });
    const { stoppedBy } = await sees('the end', ({ evidence }) => evidence.exitCode === exitCode);
    t.is(stoppedBy, undefined);
    took.push(performance.now() - at);
  }
  // The test looks every 20 ms, and the machine may be busy with something else now and then.
  t.log(`${took.map(Math.round).join(', ')} ms`);
  t.true(Math.min(...took) < 100);
});

test('an end by want of memory is told as such', async (t) => {
  const { engine, sees } = await followed(t);
  engine.emit(engine.container, 'oom');
  await sees('the want', ({ evidence }) => evidence.oomKilled);
  Object.assign(engine.container, { status: 'exited', exitCode: 137, oomKilled: true });
  engine.emit(engine.container, 'die', { exitCode: '137' });
  t.like((await sees('the end', status('exited'))).evidence, { exitCode: 137, oomKilled: true });
});

test('an operator’s stop is known from its first signal on, and until the next start', async (t) => {
  const { engine, sees } = await followed(t);
  engine.emit(engine.container, 'kill', { signal: '15' });
  t.like(await sees('the signal', ({ stoppedBy }) => stoppedBy === 'operator'), {
    evidence: { status: 'running' },
  });
  Object.assign(engine.container, { status: 'exited', exitCode: 0 });
  engine.emit(engine.container, 'die', { exitCode: '0' });
  engine.emit(engine.container, 'stop');
  t.is((await sees('the end', status('exited'))).stoppedBy, 'operator');
  Object.assign(engine.container, { status: 'running', run: 2 });
  engine.emit(engine.container, 'start');
  const { stoppedBy, startedAt } = await sees('the start', status('running'));
  t.is(stoppedBy, undefined);
  t.is(startedAt, '2026-01-01T00:02:00.000Z');
});

test('the signal that stops is the container’s own', async (t) => {
  const { engine, sees, last } = await followed(t, { stopSignal: 'SIGQUIT' });
  engine.emit(engine.container, 'kill', { signal: '15' });
  engine.emit(engine.container, 'oom');
  await sees('both', ({ evidence }) => evidence.oomKilled);
  t.is(last()?.stoppedBy, undefined);
  engine.emit(engine.container, 'kill', { signal: '3' });
  await sees('the stop', ({ stoppedBy }) => stoppedBy === 'operator');
});

test('docker kill is no stop', async (t) => {
  const { engine, sees } = await followed(t);
  engine.emit(engine.container, 'kill', { signal: '9' });
  engine.emit(engine.container, 'die', { exitCode: '137' });
  t.is((await sees('the end', status('exited'))).stoppedBy, undefined);
});

test('our own restart is no operator’s', async (t) => {
  const endedRuns = new EndedRuns();
  const { engine, sees, changes } = await followed(t, {}, { endedRuns });
  endedRuns.add(engine.container.id, '2026-01-01T00:01:00.000Z');
  for (const [action, attributes] of [
    ['kill', { signal: '15' }],
    ['die', { exitCode: '0' }],
    ['stop', {}],
  ] as const)
    engine.emit(engine.container, action, attributes);
  Object.assign(engine.container, { run: 2 });
  engine.emit(engine.container, 'start');
  await sees('the new run', ({ startedAt }) => startedAt === '2026-01-01T00:02:00.000Z');
  t.true(changes.every(({ stoppedBy }) => stoppedBy === undefined));
  // The run after that one is not ours to end.
  engine.emit(engine.container, 'kill', { signal: '15' });
  await sees('the operator', ({ stoppedBy }) => stoppedBy === 'operator');
});

test('who stopped it before we came is read from the engine’s memory', async (t) => {
  const events = [{ Action: 'kill', Actor: { Attributes: { signal: '15' } } }, { Action: 'die' }];
  const stopped = await followed(t, { status: 'exited', events });
  t.is(stopped.last()?.stoppedBy, 'operator');
  const crashed = await followed(t, { status: 'exited', exitCode: 1, events: [{ Action: 'die' }] });
  t.is(crashed.last()?.stoppedBy, undefined);
});

test('pause, unpause, health and a new name are told', async (t) => {
  const { engine, sees } = await followed(t, { health: 'starting' });
  engine.emit(engine.container, 'pause');
  await sees('the pause', status('paused'));
  engine.emit(engine.container, 'unpause');
  await sees('its end', status('running'));
  engine.emit(engine.container, 'health_status: unhealthy');
  await sees('its health', ({ evidence }) => evidence.health === 'unhealthy');
  Object.assign(engine.container, { name: 'meter-2', health: 'unhealthy' });
  engine.emit(engine.container, 'rename', { oldName: '/meter-1' });
  t.like(await sees('its name', ({ name }) => name === 'meter-2'), {
    evidence: { name: 'meter-2', health: 'unhealthy' },
  });
});

test('a container that appears is told, one that is removed is gone', async (t) => {
  const { engine, sees, gone } = await followed(t);
  const other = fakeContainer({ id: 'b2'.repeat(32), name: 'zigbee', labels: { 'wattdog.watch': 'true' } });
  Object.assign(other, { status: 'created', run: 0 });
  engine.containers.push(other);
  engine.emit(other, 'create');
  t.like(await sees('it', ({ name }) => name === 'zigbee'), { labels: { 'wattdog.watch': 'true' } });
  Object.assign(other, { status: 'running', run: 1 });
  engine.emit(other, 'start');
  await sees('its start', ({ name, evidence }) => name === 'zigbee' && evidence.status === 'running');
  engine.emit(other, 'destroy');
  await until('its end', ENOUGH, () => gone.length > 0);
  t.deepEqual(gone, [other.id]);
});

test('a named container that is given another name is ours no more, and the next one of that name is', async (t) => {
  const { engine, sees, gone, changes } = await followed(t, { labels: {} }, { names: ['meter-1'] });
  engine.container.name = 'old';
  engine.emit(engine.container, 'rename', { oldName: '/meter-1' });
  await until('it to go', ENOUGH, () => gone.length > 0);
  const next = fakeContainer({ id: 'b2'.repeat(32), labels: {} });
  engine.containers.push(next);
  engine.emit(next, 'create');
  engine.emit(next, 'start');
  await sees('the next', ({ id }) => id === next.id);
  engine.emit(engine.container, 'die', { exitCode: '1' });
  engine.emit(next, 'oom');
  await sees('an event after that', ({ evidence }) => evidence.oomKilled);
  t.true(changes.every(({ name }) => name === 'meter-1'));
});

test('whatever else is in the stream is passed over', async (t) => {
  const { engine, sees } = await followed(t);
  engine.write('\n\nnonsense\n{"Action":3}\nnull\n[]\n{"Action":"new","Actor":{"ID":"x"}}\n');
  engine.emit(engine.container, 'top');
  const line = JSON.stringify({
    Action: 'rename',
    Actor: { ID: engine.container.id, Attributes: { name: 'mètre' } },
  });
  const bytes = Buffer.from(`${line}\n`);
  const middle = bytes.indexOf(Buffer.from('è')) + 1;
  engine.write(bytes.subarray(0, middle));
  await new Promise((resolve) => setTimeout(resolve, 20));
  engine.write(bytes.subarray(middle));
  t.is((await sees('the name', ({ name }) => name !== 'meter-1')).name, 'mètre');
});

test('a storm of events asks about a container one question at a time', async (t) => {
  const { engine, sees } = await followed(t);
  let asking = 0;
  let most = 0;
  engine.scripts.inspect = (container, response) => {
    most = Math.max(most, ++asking);
    setTimeout(() => {
      asking -= 1;
      response.end(JSON.stringify(inspection(container)));
    }, 20);
  };
  const before = inspects(engine);
  for (let n = 0; n < 50; n++) {
    engine.emit(engine.container, 'die', { exitCode: String(n) });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  Object.assign(engine.container, { status: 'exited', exitCode: 99 });
  engine.emit(engine.container, 'die', { exitCode: '50' });
  await sees('what the last question found', ({ evidence }) => evidence.exitCode === 99);
  t.is(most, 1);
  t.true(inspects(engine) - before < 30, `${inspects(engine) - before}`);
});

test('an answer that is older than an event does not undo it', async (t) => {
  const { engine, sees, changes } = await followed(t);
  const held = Promise.withResolvers<() => void>();
  engine.scripts.inspect = (container, response) => {
    const body = JSON.stringify(inspection(container));
    engine.scripts.inspect = undefined;
    held.resolve(() => response.end(body));
  };
  engine.emit(engine.container, 'start');
  const release = await held.promise;
  Object.assign(engine.container, { status: 'exited', exitCode: 5 });
  engine.emit(engine.container, 'die', { exitCode: '5' });
  await sees('the end', status('exited'));
  const told = changes.length;
  release();
  await sees('the run that ended', ({ startedAt }) => startedAt !== undefined);
  t.true(changes.slice(told).every(status('exited')));
});

test('what the events did not tell is found by the list', async (t) => {
  const { engine, sees, gone } = await followed(t, {}, { periods: { check: 50 } });
  const before = inspects(engine);
  const lists = () => engine.paths.filter((path) => path === '/containers/json').length;
  const listed = lists();
  await until('three more lists', ENOUGH, () => lists() > listed + 3);
  t.is(inspects(engine), before, 'nothing is asked about what is as it was');
  Object.assign(engine.container, { status: 'exited', exitCode: 4, restartPolicy: 'no' });
  t.is((await sees('the end', status('exited'))).evidence.exitCode, 4);
  engine.containers.length = 0;
  await until('it to be gone', ENOUGH, () => gone.length === 1);
});

test('an engine that goes and comes back, on a new socket, is followed again; that is said once', async (t) => {
  const { engine, sees, gone, states, said } = await followed(t, {}, { periods: { ping: 20 } });
  const other = fakeContainer({ id: 'b2'.repeat(32), name: 'other' });
  engine.containers.push(other);
  engine.emit(other, 'create');
  await sees('the other', ({ name }) => name === 'other');
  await until('a latency', ENOUGH, () => states.some((state) => 'latency' in state));
  await engine.stop();
  await until('the trouble', ENOUGH, () => states.some((state) => 'trouble' in state));
  engine.containers.pop();
  engine.container.run = 2;
  await new Promise((resolve) => setTimeout(resolve, 500));
  await engine.start();
  await sees('the run that began meanwhile', ({ startedAt }) => startedAt === '2026-01-01T00:02:00.000Z');
  t.deepEqual(gone, [other.id]);
  await until('it to answer', ENOUGH, () => 'latency' in (states.at(-1) ?? {}));
  t.is(said.length, 2, said.join('\n'));
  t.regex(said[0] ?? '', /engine at .*engine\.sock/);
  t.regex(said[1] ?? '', /answers again/);
  await until('the events', ENOUGH, () => engine.followers() === 1);
  engine.emit(engine.container, 'die', { exitCode: '1' });
  await sees('an event', status('exited'));
});

test('an engine that is away from the start is followed as soon as it is there', async (t) => {
  const engine = await fakeEngine(t);
  await engine.stop();
  const { states, sees } = follow(t, engine);
  await until('the trouble', ENOUGH, () => states.some((state) => 'trouble' in state));
  await engine.start();
  t.is((await sees('the container', status('running'))).name, 'meter-1');
});

test('an engine that stops answering is trouble, though its connection stays', async (t) => {
  const { engine, states } = await followed(t, {}, { periods: { ping: 20 }, look: 1500 });
  engine.scripts.ping = silent;
  const unanswered = /a sign of life: must be answered within 1500 ms, was not/;
  await until('the trouble', ENOUGH, () =>
    states.some((state) => 'trouble' in state && unanswered.test(state.trouble)),
  );
  delete engine.scripts.ping;
  await until('its answer', ENOUGH, () => 'latency' in (states.at(-1) ?? {}));
  await t.notThrowsAsync(until('the events', ENOUGH, () => engine.followers() === 1));
});

test('a proxy without its engine is trouble, one that forbids the ping is none', async (t) => {
  const { engine, states } = await followed(t, {}, { periods: { ping: 20 } });
  engine.scripts.ping = (_container, response) => answer(response, 403, 'Forbidden');
  const before = states.length;
  await until('latencies', ENOUGH, () => states.length > before + 3);
  t.true(states.every((state) => 'latency' in state));
  engine.scripts.ping = (_container, response) => answer(response, 502, 'Bad Gateway');
  await until('the trouble', ENOUGH, () => states.some((state) => 'trouble' in state));
});

test('events hidden by a proxy: its containers are listed again and again instead, which is said once', async (t) => {
  const engine = await fakeEngine(t);
  engine.scripts.follow = (_container, response) => answer(response, 403, 'Forbidden');
  engine.scripts.events = engine.scripts.follow;
  const { sees, said, states } = follow(t, engine, { periods: { poll: 20, ping: 20 } });
  await sees('the container', status('running'));
  Object.assign(engine.container, { status: 'exited', restartPolicy: 'no' });
  await sees('its end', status('exited'));
  Object.assign(engine.container, { status: 'running', run: 2 });
  await sees('its start', ({ startedAt }) => startedAt === '2026-01-01T00:02:00.000Z');
  engine.container.run = 3;
  await sees('a run between two lists', ({ startedAt }) => startedAt === '2026-01-01T00:03:00.000Z');
  t.true(states.every((state) => 'latency' in state));
  await engine.stop();
  await until('the trouble', ENOUGH, () => states.some((state) => 'trouble' in state));
  await engine.start();
  await until('its answer', ENOUGH, () => said.some((words) => words.includes('answers again')));
  t.is(said.filter((words) => words.includes('must be allowed')).length, 1, said.join('\n'));
  t.regex(said[0] ?? '', /following the events .*must be allowed.*listed every 20 ms instead/);
});

test('an engine that forbids the list is told, once, and asked again', async (t) => {
  const engine = await fakeEngine(t);
  engine.scripts.list = (_container, response) => answer(response, 403, 'Forbidden');
  const { states, said, sees } = follow(t, engine);
  await until(
    'two more tries',
    ENOUGH,
    () => engine.paths.filter((path) => path === '/containers/json').length > 2,
  );
  t.is(states.filter((state) => 'trouble' in state).length, 1);
  t.is(said.length, 1);
  delete engine.scripts.list;
  await sees('the container', status('running'));
});

test('a container whose inspect hangs is told as the list shows it, and its start nevertheless', async (t) => {
  const engine = await fakeEngine(t, { health: 'unhealthy' });
  engine.scripts.inspect = silent;
  const { sees } = follow(t, engine, { look: 1500 });
  t.like(await sees('it', status('running')), { startedAt: undefined, evidence: { health: 'unhealthy' } });
  engine.emit(engine.container, 'die', { exitCode: '1' });
  await sees('its end', status('exited'));
  engine.emit(engine.container, 'start');
  await sees('its start', status('running'));
});

test('ends at once when it is told to', async (t) => {
  const { stop, running } = await followed(t);
  stop.abort();
  await t.notThrowsAsync(running);
});
