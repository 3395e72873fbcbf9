import { join } from 'node:path';
import test from 'ava';
import { Diary } from '../../meter/diagnostics.ts';
import { createLedger } from '../../meter/ledger.ts';
import { createPricing, findTariff } from '../../meter/tariff/pricing.ts';
import type { Reading } from '../../shared/wire.ts';
import { silentLog, temporaryFolder } from '../support/system.ts';
import { virtualTime } from '../support/virtual-time.ts';
import { openOutbox } from './outbox/support.ts';

test('it keeps a reading and tells of it, goes on where the last process was, and knows why samples were missing', async (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  const time = virtualTime();
  const readings: Reading[] = [];
  const process = () => {
    const outbox = openOutbox(path);
    const diary = new Diary('/dev/ttyTEST', 'amps', time.monotonic);
    const options = {
      phases: [{ voltage: 120 }, { voltage: 120 }],
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
