import test from 'ava';
import type { Rung } from '../../../agent/guard/incident.ts';
import { Ladder } from '../../../agent/heal/ladder.ts';

const ALL = { reopen: true, restart: true, resetUsb: true };
const MINUTE = 60_000;

test('the first restart is made at once, each further one later', (t) => {
  const ladder = new Ladder(ALL);
  const waits = [];
  let at = 0;
  for (let n = 0; n < 7; n += 1) {
    const { rung, notBefore } = ladder.advise('frozen', [], at);
    t.is(rung, 'restart');
    const next = Math.max(at, notBefore);
    waits.push(next - at);
    at = next;
    ladder.restarted(at);
  }
  t.deepEqual(waits, [0, 10_000, 30_000, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE]);
});

test('ten minutes of health forgive, and not a moment less', (t) => {
  const ladder = new Ladder(ALL);
  for (const at of [0, 10_000, 40_000]) ladder.restarted(at);
  ladder.health(true, 50_000);
  ladder.health(false, 50_000 + 9 * MINUTE);
  ladder.health(true, 51_000 + 9 * MINUTE);
  ladder.health(true, 51_000 + 19 * MINUTE - 1);
  t.is(ladder.advise('silence', [], 0).notBefore, 40_000 + 2 * MINUTE);
  ladder.health(true, 51_000 + 19 * MINUTE);
  t.is(ladder.advise('silence', [], 0).notBefore, 40_000);
});

test('restarts of an earlier life of the agent count', (t) => {
  const ladder = new Ladder(ALL, [-50_000, -20_000]);
  t.is(ladder.advise('silence', [], 0).notBefore, -20_000 + 30_000);
});

test('a person is called after four restarts in vain, and after twenty in a day however well it was between them', (t) => {
  const vain = new Ladder(ALL);
  for (let n = 0; n < 3; n += 1) vain.restarted(n);
  t.is(vain.advise('silence', [], 0).help, undefined);
  vain.restarted(3);
  t.is(vain.advise('silence', [], 0).help, '4 restarts did not help for long');

  const flapping = new Ladder(ALL);
  let at = 0;
  for (let n = 0; n < 20; n += 1) {
    t.is(flapping.advise('silence', [], at).help, undefined);
    flapping.restarted(at);
    flapping.health(true, at + MINUTE);
    flapping.health(true, at + 20 * MINUTE);
    at += 21 * MINUTE;
  }
  const { help, notBefore } = flapping.advise('silence', [], at);
  t.is(help, 'restarted 20 times within a day: it is tried every 30 min from now on');
  t.is(notBefore, at - 21 * MINUTE + 30 * MINUTE);
  t.is(flapping.advise('silence', [], at + 86_400_000).help, undefined, 'the next day');
});

test('where the process is well, each rung is taken once, and then a person is called', (t) => {
  const rungs = (abilities: typeof ALL, cause: 'line' | 'port' | 'rejects') => {
    const ladder = new Ladder(abilities);
    const taken: Rung[] = [];
    for (;;) {
      const { rung, help } = ladder.advise(cause, taken, 0);
      if (rung === undefined) {
        t.is(help, 'its process is well: look at the device and its cable');
        return taken;
      }
      t.is(help, undefined);
      taken.push(rung);
      if (rung === 'restart') ladder.restarted(0);
    }
  };
  t.deepEqual(rungs(ALL, 'line'), ['reopen', 'restart', 'reset-usb']);
  t.deepEqual(rungs(ALL, 'rejects'), ['reopen', 'restart', 'reset-usb']);
  t.deepEqual(rungs(ALL, 'port'), ['restart', 'reset-usb'], 'it keeps trying to open it by itself');
  t.deepEqual(rungs({ reopen: true, restart: false, resetUsb: false }, 'line'), ['reopen']);
  const shared = { ...ALL, shared: true };
  t.deepEqual(rungs(shared, 'line'), ['reopen', 'reset-usb'], 'for one port, others are not disturbed');
  t.deepEqual(rungs(shared, 'port'), ['reset-usb']);
  t.is(new Ladder(shared).advise('frozen', [], 0).rung, 'restart');
});

test('where nothing may be restarted, nothing is', (t) => {
  const ladder = new Ladder({ reopen: false, restart: false, resetUsb: false });
  t.deepEqual(ladder.advise('silence', [], 7), { rung: undefined, notBefore: 7, help: undefined });
});
