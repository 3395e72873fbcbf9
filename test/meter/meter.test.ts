import test from 'ava';
import { openMeter } from '../../meter/meter.ts';
import { metersOf } from '../../shared/settings/meters.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import type { Reading } from '../../shared/wire.ts';
import { testReading } from '../support/readings.ts';
import { silentLog, temporaryFolder } from '../support/system.ts';
import { virtualTime } from '../support/virtual-time.ts';

test('a sum of meters loses nothing of one whose register moves in lumps', async (t) => {
  const settings = settingsSchema.parse({
    meters: [{ name: 'house' }, { name: 'garage' }, { name: 'all', computed: { plus: ['house', 'garage'] } }],
  });
  const meters = metersOf(settings);
  const [, , all] = meters;
  if (all === undefined) throw new Error('there is no sum');
  const time = virtualTime();
  const household = {
    ...{ meters, data: temporaryFolder(t), installation: 'x', prices: new Map() },
    broker: { url: 'mqtt://127.0.0.1:1' },
  };
  const readings: Reading[] = [];
  const onReading = (reading: Reading) => void readings.push(reading);
  const sum = await openMeter(all, household, { time, log: silentLog, onReading });
  t.teardown(sum.close);
  for (let second = 0; second <= 1200; second += 2) {
    // Half a kWh at once is more than any house can draw in two seconds.
    const garage = Math.floor(second / 240) * 0.5;
    sum.hears('garage', testReading(second + 1, { energy: garage }));
    sum.hears('house', testReading(second + 1, { energy: second / 2000 }));
    await time.advance(2000);
  }
  t.true(Math.abs((readings.at(-1)?.energy ?? 0) - 3.1) < 1e-6, `${readings.at(-1)?.energy}`);
});
