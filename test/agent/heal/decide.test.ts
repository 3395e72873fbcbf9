import test from 'ava';
import {
  type Circumstances,
  decide,
  type Evidence,
  type Inspected,
  missingDevice,
  saysBusy,
  signalNumber,
} from '../../../agent/heal/decide.ts';

const inspected: Inspected = {
  name: 'meter-1',
  labels: {},
  status: 'running',
  health: undefined,
  oomKilled: false,
  startedAt: '2026-01-01T00:01:00Z',
  finishedAt: '0001-01-01T00:00:00Z',
  exitCode: 0,
  startError: '',
  restartPolicy: 'unless-stopped',
  stopSignal: '',
  autoRemove: false,
};

const usual: Circumstances = { frozen: false, paused: 'unpause' };

function plan(
  status: string,
  part: Partial<Evidence> = {},
  more: Partial<Inspected> = {},
  circumstances: Partial<Circumstances> = {},
) {
  const evidence = { processes: undefined, events: undefined, endedByUs: false, ...part };
  const found = { status, inspected: { ...inspected, status, ...more }, ...evidence };
  return decide(found, { ...usual, ...circumstances });
}

const process = (state: string) => ({ pid: 4711, state, command: 'node' });
const event = (action: string, signal?: number) => ({ action, signal });

test('a paused container is unpaused, one never started is started, one being removed is waited for', (t) => {
  t.is(plan('paused').action, 'unpause');
  t.is(plan('created').action, 'start');
  t.is(plan('removing').action, 'wait');
});

test('a running container whose processes look well, or are unknown, is restarted', (t) => {
  t.is(plan('running', { processes: [process('S'), process('R')] }).action, 'restart');
  t.is(plan('running').action, 'restart');
  t.regex(plan('running').found, /processes are unknown/);
});

test('a pause is respected where the settings say so, unless it is our own', (t) => {
  t.is(plan('paused', {}, {}, { paused: 'respect' }).action, 'respect');
  t.is(plan('paused', { pausedByUs: true }, {}, { paused: 'respect' }).action, 'unpause');
});

test('a container that waits for its engine to start it again is restarted, if the engine does not do it first', (t) => {
  t.like(plan('restarting'), { action: 'restart', engineStarts: true });
});

test('one whose process is known to be frozen is killed, whatever it looks like', (t) => {
  const frozen = { frozen: true };
  t.like(plan('running', { processes: [process('S')] }, {}, frozen), { action: 'kill', atOnce: true });
  t.like(plan('running', {}, {}, frozen), { action: 'kill', atOnce: true });
  t.like(plan('running', {}, { autoRemove: true }, frozen), { action: 'restart', atOnce: true });
  t.is(plan('paused', {}, {}, frozen).action, 'unpause');
});

test('what ended by itself is left to its restart policy for a moment', (t) => {
  const died = { events: [event('die')] };
  for (const restartPolicy of ['always', 'unless-stopped', 'on-failure'])
    t.like(plan('exited', died, { restartPolicy }), { action: 'start', engineStarts: true });
  t.is(plan('exited', died, { restartPolicy: 'no' }).engineStarts, undefined);
  // Killing through the engine has cancelled the policy, and the engine does not try a failed start again.
  const killed = { events: [event('kill', 9), event('die')] };
  t.is(plan('exited', killed, { restartPolicy: 'always' }).engineStarts, undefined);
  t.is(plan('exited', { ...died, endedByUs: true }, { restartPolicy: 'always' }).engineStarts, undefined);
  const noStart = { restartPolicy: 'always', startError: 'port is already allocated' };
  t.is(plan('exited', died, noStart).engineStarts, undefined);
});

test('the engine’s words for a missing and for a busy device are read', (t) => {
  const missing =
    'error gathering device information while adding custom device "/dev/ttyACM0": no such file or directory';
  t.is(missingDevice(missing), '/dev/ttyACM0');
  t.is(missingDevice('no such image'), undefined);
  t.true(saysBusy('open /dev/ttyACM0: device or resource busy'));
  t.true(saysBusy('EBUSY: resource busy'));
  t.false(saysBusy(missing));
});

test('a stopped process would burn the whole stop timeout: killed', (t) => {
  const stopped = plan('running', { processes: [process('S'), process('T')] });
  t.is(stopped.action, 'kill');
  t.regex(stopped.found, /process 4711 \(node\) is stopped \(state T\)/);
});

test('a process in uninterruptible sleep cannot act on a signal either: killed', (t) => {
  const sleeping = plan('running', { processes: [process('D')] });
  t.is(sleeping.action, 'kill');
  t.regex(sleeping.found, /uninterruptible/);
});

test('a container that vanishes when it ends is never killed', (t) => {
  t.is(plan('running', { processes: [process('T')] }, { autoRemove: true }).action, 'restart');
});

test('a running container that inspect does not answer for is killed', (t) => {
  const evidence = { inspected: undefined, processes: undefined, events: undefined, endedByUs: false };
  t.is(decide({ status: 'running', ...evidence }, usual).action, 'kill');
  t.is(decide({ status: 'exited', ...evidence }, usual).action, 'start');
  t.is(decide({ status: 'paused', ...evidence }, usual).action, 'unpause');
});

for (const restartPolicy of ['no', 'unless-stopped']) {
  const ended = (events: Evidence['events'], part: Partial<Evidence> = {}, more: Partial<Inspected> = {}) =>
    plan('exited', { events, ...part }, { restartPolicy, ...more }).action;

  test(`policy ${restartPolicy}: docker stop is respected, at any moment of it`, (t) => {
    t.is(ended([event('kill', 15), event('die'), event('stop')]), 'respect');
    t.is(ended([event('kill', 15), event('die')]), 'respect');
    t.is(ended([event('kill', 15)]), 'respect');
    t.is(ended([event('kill', 15), event('kill', 9), event('die'), event('stop')]), 'respect');
    t.is(ended([event('kill', 3), event('die')], {}, { stopSignal: 'SIGQUIT' }), 'respect');
  });

  test(`policy ${restartPolicy}: a crash and docker kill are healed`, (t) => {
    t.is(ended([event('die')]), 'start');
    t.is(ended([event('kill', 9), event('die')]), 'start');
    t.is(ended([event('kill', 9)]), 'start');
    t.is(ended([event('kill', 15), event('die')], {}, { stopSignal: 'SIGQUIT' }), 'start');
    t.is(ended([event('kill', undefined), event('die')], {}, { stopSignal: 'SIGRTMIN+3' }), 'start');
  });

  test(`policy ${restartPolicy}: our own restart that left it stopped is finished`, (t) => {
    t.is(ended([event('kill', 15), event('die'), event('stop')], { endedByUs: true }), 'start');
  });

  test(`policy ${restartPolicy}: a start that failed is tried again`, (t) => {
    t.is(ended([], {}, { startError: 'error gathering device information' }), 'start');
  });
}

test('without the engine’s memory the restart policy tells whether somebody stopped it', (t) => {
  for (const events of [undefined, [], [event('destroy')]]) {
    t.is(plan('exited', { events }, { restartPolicy: 'always' }).action, 'respect');
    t.is(plan('exited', { events }, { restartPolicy: 'unless-stopped' }).action, 'respect');
    t.is(plan('exited', { events }, { restartPolicy: 'no' }).action, 'start');
    t.is(plan('exited', { events }, { restartPolicy: 'on-failure' }).action, 'start');
  }
});

test('signals are read as numbers and names', (t) => {
  t.is(signalNumber('15'), 15);
  t.is(signalNumber('TERM'), 15);
  t.is(signalNumber('SIGTERM'), 15);
  t.is(signalNumber('SIGRTMIN+3'), undefined);
  t.is(signalNumber(''), undefined);
});
