import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openClient } from '../support/brokers.ts';
import { eventually, temporaryFolder, until } from '../support/system.ts';
import { ENOUGH, isGone, logLines, runWattdog, startUp, wattdog } from './support.ts';

// Alone, for it looks at the clock.
test.serial('with no hardware, simulated readings are journalled; SIGTERM ends all soon', async (t) => {
  const { url, http, out, child, ended, meterPid } = await startUp(t);
  const reader = await openClient(
    t,
    url,
    'wattdog/+/reading',
    'wattdog/+/stored',
    'wattdog/+/availability',
    'wattdog/agent/state',
  );
  const last = (topic: string) =>
    reader.received.findLast((message) => message.topic === topic)?.payload ?? '';
  await until('readings', ENOUGH, () => last('wattdog/main/reading') !== '');
  t.like(JSON.parse(last('wattdog/main/reading')), { quality: 'simulated' });
  await until('the watermark', ENOUGH, () => last('wattdog/main/stored') !== '');
  await until('the heartbeat', ENOUGH, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    return /^wattdog_meter_power_watts\{.*quality="simulated"\} \d/m.test(metrics);
  });
  await eventually(t, async (t) => {
    t.true(logLines(out()).some(({ msg }) => String(msg).includes('SIMULATED')));
    t.is(last('wattdog/main/availability'), 'online');
  });

  const meter = await until('the meter', ENOUGH, meterPid);
  const began = Date.now();
  child.kill('SIGTERM');
  t.is(await ended, 0);
  // Two where nothing else is done; after five, a meter that does not heed the signal would have been killed.
  t.true(Date.now() - began < 5000, `${Date.now() - began} ms`);
  t.true(isGone(meter));
  await eventually(t, async (t) => {
    t.is(last('wattdog/main/availability'), 'offline');
    t.is(last('wattdog/agent/state'), 'offline');
  });
  const complaints = logLines(out()).filter(({ level }) => Number(level) >= 40);
  t.deepEqual(
    complaints.map(({ msg }) => msg),
    ['no port given: the readings are SIMULATED'],
  );
});

test('a meter that is stopped by SIGSTOP is healed, and readings go on', async (t) => {
  const cwd = temporaryFolder(t);
  const watch = '{ name: main, topics: [wattdog/main/reading], stall_after: 5s }';
  writeFileSync(join(cwd, 'wattdog.yaml'), `agent: { watches: [${watch}] }`);
  const { url, meterPid, out } = await startUp(t, [], { cwd });
  const reader = await openClient(t, url, 'wattdog/main/reading', 'wattdog/agent/event/main');
  const readings = () => reader.received.filter(({ topic }) => topic === 'wattdog/main/reading');
  const events = () =>
    reader.received
      .filter(({ topic }) => topic === 'wattdog/agent/event/main')
      .map(({ payload }) => JSON.parse(payload) as { event_type: string; tries: { detail: string }[] });
  await until('readings', ENOUGH, () => readings().length > 3);
  const first = await until('the meter', ENOUGH, meterPid);
  process.kill(first, 'SIGSTOP');
  // The agent has just begun to see: it convicts nobody for the first 30 s.
  await until('the recovery', ENOUGH, () => events().some(({ event_type }) => event_type === 'recovered'));
  t.deepEqual(
    events().map(({ event_type }) => event_type),
    ['stalled', 'restarted', 'recovered'],
  );
  t.is(events().at(-1)?.tries[0]?.detail, 'the process was stopped (SIGSTOP)');
  t.true(isGone(first));
  t.not(meterPid(), first);
  const seqs = readings().map(({ payload }) => (JSON.parse(payload) as { seq: number }).seq);
  t.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
    'numbers go on where they were',
  );
  await eventually(t, async (t) =>
    t.true(logLines(out()).some(({ msg }) => String(msg).startsWith('recovered'))),
  );
});

interface EventOf {
  event_type: string;
  partOf?: { watch: string };
}

test('a process of several meters that is stopped is brought back once, though each of their watches convicts it', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(
    join(cwd, 'wattdog.yaml'),
    'meters: [{ name: a }, { name: b }, { name: rest, computed: { plus: [a], minus: [b] } }]',
  );
  const { url, meterPid, out } = await startUp(t, [], { cwd });
  const names = ['a', 'b', 'rest'];
  const reader = await openClient(t, url, 'wattdog/+/reading', 'wattdog/agent/event/+');
  const on = (topic: string) => reader.received.filter((message) => message.topic === topic);
  const events = (name: string) =>
    on(`wattdog/agent/event/${name}`).map(({ payload }) => JSON.parse(payload) as EventOf);
  await until('readings', ENOUGH, () => names.every((name) => on(`wattdog/${name}/reading`).length > 3));
  const first = await until('the meter', ENOUGH, meterPid);
  process.kill(first, 'SIGSTOP');
  // The agent has just begun to see: it convicts nobody for the first 30 s.
  await until('the recovery of all', ENOUGH, () =>
    names.every((name) => events(name).at(-1)?.event_type === 'recovered'),
  );
  t.true(isGone(first));
  const restarts = names.flatMap(events).filter(({ event_type }) => event_type === 'restarted');
  t.is(restarts.length, 1);
  const parts = names.map((name) => events(name).at(-1)?.partOf?.watch).filter(Boolean);
  t.is(parts.length, 2, 'of the third one');
  await eventually(t, async (t) =>
    t.is(logLines(out()).filter(({ msg }) => /^the meter ended/.test(String(msg))).length, 1),
  );
});

test('a meter that dies is an incident, though it is started again at once', async (t) => {
  const { url, meterPid } = await startUp(t);
  const reader = await openClient(t, url, 'wattdog/main/reading', 'wattdog/agent/event/main');
  const on = (topic: string) => reader.received.filter((message) => message.topic === topic);
  await until('readings', ENOUGH, () => on('wattdog/main/reading').length > 1);
  process.kill(await until('the meter', ENOUGH, meterPid), 'SIGKILL');
  await until('the recovery', ENOUGH, () => on('wattdog/agent/event/main').length === 2);
  const events = on('wattdog/agent/event/main').map(
    ({ payload }) => JSON.parse(payload) as { event_type: string },
  );
  t.like(events[0], { event_type: 'stalled', cause: 'ended', tries: [] });
  t.like(events[1], { event_type: 'recovered', tries: [] });
});

test('kill -9 of the agent ends its meter', async (t) => {
  const { child, meterPid, ended } = await startUp(t);
  const meter = await until('the meter', ENOUGH, meterPid);
  child.kill('SIGKILL');
  await until('the meter to be gone', ENOUGH, () => isGone(meter));
  t.is(await ended, null);
});

test('settings on the command line cannot part the meter from its agent', async (t) => {
  const { url, out } = await startUp(t, [
    '--mqtt.url',
    'embedded',
    '--log.format',
    'json',
    '--name',
    'garage',
  ]);
  const reader = await openClient(t, url, 'wattdog/garage/reading');
  await until('readings', ENOUGH, () => reader.received.length > 0);
  await eventually(t, async (t) => t.true(logLines(out()).some(({ from }) => from === 'meter')));
});

test('users or not, the meter may publish', async (t) => {
  const cwd = temporaryFolder(t);
  const { http } = await startUp(t, ['--broker.credentials', 'credentials', '--broker.host', '0.0.0.0'], {
    cwd,
  });
  await until('readings', ENOUGH, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    return metrics.includes('wattdog_meter_power_watts{meter="main"');
  });
  t.pass();
});

test('each role runs as its own process', async (t) => {
  const cwd = temporaryFolder(t);
  const { url, http } = await startUp(t, ['--name', 'other'], { cwd });
  const meter = wattdog(t, ['meter', '--mqtt.url', url, '--name', 'attic', '--data', 'attic'], { cwd });
  const reader = await openClient(t, url, 'wattdog/attic/+');
  const last = (name: string) =>
    reader.received.findLast(({ topic }) => topic === `wattdog/attic/${name}`)?.payload;
  await until('its readings', ENOUGH, () => last('reading') !== undefined);
  t.is((await runWattdog(t, ['healthcheck', 'meter'], { cwd })).code, 0);
  t.is((await runWattdog(t, ['healthcheck', 'agent'], { cwd })).code, 0);
  t.is((await runWattdog(t, ['healthcheck', 'broker'], { cwd })).code, 1);
  meter.child.kill('SIGINT');
  t.is(await meter.ended, 0);
  await until('offline', ENOUGH, () => last('availability') === 'offline');
  t.is((await fetch(`http://127.0.0.1:${http}/healthz`)).status, 200);
});

test('npm start ends what it started', async (t) => {
  t.timeout(2 * ENOUGH);
  const folder = temporaryFolder(t);
  const settings = ['--data', folder, '--agent.http.port', '0', '--broker.port', '0', '--log.format', 'json'];
  // Without the scripts before it: other tests use the page that they would make anew.
  const child = spawn('npm', ['run', 'start', '--silent', '--ignore-scripts', '--', ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'close');
  t.teardown(async () => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL');
    } catch {
      // Nobody of its group is left.
    }
    await ended;
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  await until('the agent', ENOUGH, () => out.includes('the page: http://localhost:'));
  child.kill('SIGTERM');
  // Its output closes when nobody is left who has it.
  await until('its end', ENOUGH, () => child.stdout.closed);
  t.pass();
});
