import { join } from 'node:path';
import test from 'ava';
import type { AccountOptions } from '../../meter/account.ts';
import { Diary } from '../../meter/diagnostics.ts';
import { createLedger } from '../../meter/ledger.ts';
import { createPricing, type Flow, findTariff } from '../../meter/tariff/pricing.ts';
import type { Reading } from '../../shared/wire.ts';
import { silentLog, temporaryFolder } from '../support/system.ts';
import { virtualTime } from '../support/virtual-time.ts';
import { openOutbox } from './outbox/support.ts';
import { phasesOf } from './phases.ts';

test('it keeps a reading and tells of it, goes on where the last process was, and knows why samples were missing', async (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  const time = virtualTime();
  const readings: Reading[] = [];
  const process = () => {
    const outbox = openOutbox(path);
    const diary = new Diary('/dev/ttyTEST', 'amps', time.monotonic);
    const options = {
      phases: phasesOf({ voltage: 120 }, { voltage: 120 }),
      maxCurrent: 200,
      maxGap: 10_000,
      pricing: createPricing(findTariff('sce-tou-d-a')),
      simulated: false,
    };
    const onReading = (reading: Reading) => void readings.push(reading);
    const ledger = createLedger(options, { outbox, diary, time, log: silentLog, onReading });
    t.teardown(() => outbox.close());
    return { ledger, outbox, diary };
  };
  const first = process();
  const after = async (ms: number, { ledger } = first) => {
    await time.advance(ms);
    ledger.enter({ phases: [{ current: 10 }, { current: 20 }] });
  };
  await after(0);
  await after(1200);
  first.ledger.missed('port');
  first.ledger.missed('rejects');
  await after(20_000);
  await after(20_000);
  first.ledger.missed('rejects');
  await after(1200);
  await after(20_000);
  first.ledger.missed('rejects');
  await after(20_000);
  t.deepEqual(
    readings.map(({ gap_cause }) => gap_cause),
    [undefined, undefined, 'port', 'silence', undefined, 'silence', 'rejects'],
  );
  t.deepEqual(first.outbox.oldest(10), readings);
  t.like(first.diary.snapshot(first.outbox.status, time.now()), {
    gaps: 4,
    gap_seconds: 80,
    unmetered_seconds: 80,
    readings: 7,
    outbox_pending: 7,
    outbox_age: 82,
  });
  first.outbox.close();

  const second = process();
  await after(7200, second);
  t.like(readings.at(-1), { seq: 8, energy: 0.0024, gap_cause: 'reader', gap_seconds: 7.2 });
});

test('it calibrates, hands on prices before they are used, and corrects what they were', async (t) => {
  const time = virtualTime();
  const outbox = openOutbox(join(temporaryFolder(t), 'outbox.db'));
  t.teardown(() => outbox.close());
  const diary = new Diary('/dev/ttyTEST', 'raven', time.monotonic);
  const readings: Reading[] = [];
  const noted: [number, number, Flow][] = [];
  const corrections = [undefined, undefined, { cost: 0.5, credit: 0 }];
  let told = 0.3;
  const flat = createPricing(findTariff('sce-tou-d-a'));
  const options: AccountOptions = {
    phases: phasesOf({ calibration: { power: { gain: 2, most: 10_000 } } }),
    maxCurrent: 200,
    maxGap: 10_000,
    pricing: { ...flat, at: (at) => ({ ...flat.at(at), price: told }) },
    simulated: false,
  };
  const ledger = createLedger(options, {
    ...{ outbox, diary, time, log: silentLog },
    onReading: (reading) => void readings.push(reading),
    onPrice(price, at) {
      t.is(at, time.now());
      told = price;
    },
    corrections: {
      note: (from, to, flow) => void noted.push([from, to, flow]),
      take: () => corrections.shift(),
    },
  });
  t.deepEqual(ledger.fields, []);
  ledger.enter({ phases: [{ power: 600 }], price: 0.35 });
  await time.advance(3000);
  ledger.enter({ phases: [{ power: 600 }] });
  t.like(readings, [
    { power: 1200, price: 0.35 },
    { power: 1200, energy: 0.001, cost_correction: undefined },
  ]);
  t.deepEqual(noted, [[time.now() - 3000, time.now(), { import: 0.001, export: 0 }]]);
  t.deepEqual(ledger.fields, ['power_1']);
  // A price alone makes no reading, but the correction that was taken meanwhile is not lost.
  ledger.enter({ phases: [], price: 0.2 });
  ledger.enter({ phases: [{ power: 6000 }] });
  t.is(readings.length, 2);
  await time.advance(3000);
  ledger.enter({ phases: [{ power: 600 }] });
  t.like(readings[2], { price: 0.2, energy: 0.002, interval: 3, cost_correction: 0.5 });
  t.deepEqual(corrections, []);
  await time.advance(6000);
  ledger.enter({ phases: [{ power: 6000 }] });
  await time.advance(6000);
  ledger.enter({ phases: [{ power: 600 }] });
  t.like(readings[3], { gap_cause: 'rejects', gap_seconds: 12 });
  t.like(diary.snapshot(outbox.status, time.now()), { refused: { power_1: 2 }, rejects: { refused: 2 } });
  t.like(outbox.account, { energy: 0.002, fields: ['power_1'] });
});
