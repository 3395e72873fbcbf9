import test from 'ava';
import { ruleFile, WATCHED } from '../../../agent/grafana/alerts.ts';
import type { Arrival } from '../../../agent/journal/journal.ts';
import { readAlerts } from '../../../agent/web/grafana.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';
import { realTest } from '../../support/real.ts';
import { startInfluxDB, startVictoriaMetrics } from '../../support/stores.ts';
import { evaluate } from './support/alerts.ts';
import type { Source } from './support/ask.ts';
import { fill, NOW, readings } from './support/house.ts';

const WEEK = 7 * 24 * 3_600_000;
const MINUTE = 60_000;

const rule = (kind: keyof typeof WATCHED, uid: string) => {
  const found = ruleFile(WATCHED[kind])
    .groups.flatMap(({ rules }) => rules)
    .find((one) => one.uid === uid);
  if (found === undefined) throw new Error(`no such rule: ${uid}`);
  return found;
};

/** What was read in the last hour, and in the same one of some weeks before: kWh of each meter, in ten readings. */
function hours(weeks: Record<string, number[]>, quality: Reading['quality'] = 'measured'): Arrival[] {
  return Object.entries(weeks).flatMap(([meter, sums]) => {
    const ascending = sums.map((energy, ago) => ({ energy, ago })).toReversed();
    return ascending.flatMap(({ energy, ago }, week) =>
      Array.from({ length: 10 }, (_, index) => ({
        meter,
        reading: testReading(week * 10 + index + 1, {
          time: new Date(NOW - ago * WEEK - (10 - index) * 5 * MINUTE).toISOString(),
          epoch: meter,
          interval_energy: energy / 10,
          quality,
        }),
      })),
    );
  });
}

const KINDS = [
  { kind: 'victoriametrics', program: 'victoria-metrics' },
  { kind: 'influxdb', program: 'influxd' },
] as const;

for (const { kind, program } of KINDS)
  realTest(program)(`alert rules fire when they should and only then, asked of ${program}`, async (t) => {
    const isPrometheus = kind === 'victoriametrics';
    const [read, unusual] = await Promise.all(
      [1, 2].map(() => (isPrometheus ? startVictoriaMetrics(t) : startInfluxDB(t))),
    );
    const storeKind = isPrometheus ? 'victoriametrics' : 'influxdb1';
    const sourceOf = (url = ''): Source =>
      isPrometheus ? { type: 'prometheus', url } : { type: 'influxdb', url, database: 'wattdog' };

    const silent = rule(kind, 'wattdog-silent');
    await fill(t, readings(), [{ kind: storeKind, url: read?.url }]);
    const house = sourceOf(read?.url);
    t.deepEqual(await evaluate(house, silent, NOW), { main: false, garage: false, solar: false });
    t.deepEqual(await evaluate(house, silent, NOW + 11 * MINUTE), { main: true, garage: true, solar: true });
    t.is(await evaluate(house, silent, NOW + 2 * 24 * 60 * MINUTE), 'no data');
    t.is(silent.noDataState, 'Alerting');

    const odd = rule(kind, 'wattdog-unusual');
    const usual = [2, 2, 2, 2];
    await fill(
      t,
      [
        ...hours({
          normal: [5.9, ...usual],
          much: [6.1, ...usual],
          little: [0.9, 0.1, 0.1, 0.1, 0.1],
          young: [9, 2, 2, 2],
        }),
        ...hours({ made: [9, ...usual] }, 'simulated'),
      ],
      [{ kind: storeKind, url: unusual?.url }],
    );
    t.deepEqual(await evaluate(sourceOf(unusual?.url), odd, NOW), {
      normal: false,
      much: true,
      little: false,
    });
    t.is(await evaluate(sourceOf(unusual?.url), odd, NOW + WEEK), 'no data');
    t.is(odd.noDataState, 'OK');
  });

realTest('influxd')('alert rules of the classic layout', async (t) => {
  const store = await startInfluxDB(t);
  const own = readings().filter(({ meter }) => meter === 'main');
  await fill(t, own, [{ kind: 'influxdb1', url: store.url, database: 'studio', layout: 'classic' }]);
  const source: Source = { type: 'influxdb', url: store.url, database: 'studio' };
  const silent = rule('classic', 'wattdog-silent');
  t.deepEqual(await evaluate(source, silent, NOW), { '': false });
  t.deepEqual(await evaluate(source, silent, NOW + 11 * MINUTE), { '': true });
  t.is(await evaluate(source, rule('classic', 'wattdog-unusual'), NOW), 'no data');
});

test('only the silence of a meter asks the agent for a restart, and says of which', (t) => {
  for (const kind of ['victoriametrics', 'influxdb', 'classic'] as const) {
    const all = ruleFile(WATCHED[kind]).groups.flatMap(({ rules }) => rules);
    const healing = all.filter((one) => one.notification_settings !== undefined);
    t.deepEqual(
      healing.map(({ uid }) => uid),
      ['wattdog-silent'],
    );
  }
  const { title } = rule('victoriametrics', 'wattdog-silent');
  const sent = { alertname: title, grafana_folder: 'wattdog', meter: 'main' };
  t.deepEqual(readAlerts({ alerts: [{ status: 'firing', labels: sent }] }), [
    { name: 'Meter is silent', state: 'firing', names: ['main'] },
  ]);
});
