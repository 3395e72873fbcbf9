import type { ExecutionContext } from 'ava';
import test from 'ava';
import { openStore } from '../../../agent/stores/store.ts';
import type { StoreSettings } from '../../../shared/settings/schema.ts';
import { realTest } from '../../support/real.ts';
import { arrivals, FIRST_TIME_MS, startInfluxDB, startVictoriaMetrics } from '../../support/stores.ts';
import { freePort } from '../../support/system.ts';

const common = { layout: 'default', timeout: 10_000, batch: 5000 } as const;
const never = new AbortController().signal;

function open(t: ExecutionContext, settings: StoreSettings) {
  const store = openStore(settings);
  t.teardown(() => store.close());
  return store;
}

test('a refused connection is a RetryError that names the store, and a sign', async (t) => {
  const port = await freePort();
  const store = open(t, { ...common, kind: 'victoriametrics', url: `http://127.0.0.1:${port}` });
  await t.throwsAsync(store.write(await store.encode([arrivals(3)]), never), {
    name: 'RetryError',
    message: `writing 3 readings at http://127.0.0.1:${port}`,
  });
  t.is(store.signs, 1);
});

test('an abort is no failure of the store', async (t) => {
  const store = open(t, { ...common, kind: 'victoriametrics', url: `http://127.0.0.1:${await freePort()}` });
  await t.throwsAsync(store.write(await store.encode([arrivals(1)]), AbortSignal.abort()), {
    name: 'AbortError',
  });
  t.is(store.signs, 0);
});

realTest('victoria-metrics')(
  'VictoriaMetrics: what is written is found, and twice counts once',
  async (t) => {
    const victoriaMetrics = await startVictoriaMetrics(t);
    const store = open(t, { ...common, kind: 'victoriametrics', url: victoriaMetrics.url });
    for (let round = 0; round < 2; round += 1)
      t.deepEqual(await store.write(await store.encode([arrivals(100)]), never), { kind: 'stored' });
    await store.ping(never);

    const [power, ...others] = await victoriaMetrics.samples('electricity_power_watts');
    t.deepEqual(others, []);
    t.deepEqual(power?.labels, { __name__: 'electricity_power_watts', meter: 'main' });
    t.deepEqual(
      power?.samples,
      Array.from({ length: 100 }, (_, index) => [FIRST_TIME_MS + (index + 1) * 1200, index + 1]),
    );

    const byTariff = await victoriaMetrics.query(
      'sum(sum_over_time(electricity_interval_energy_kilowatthours[10m])) by (tariff)',
      FIRST_TIME_MS / 1000 + 300,
    );
    t.deepEqual(
      byTariff.map(({ labels, value }) => [labels.tariff, value.toFixed(6)]).sort(),
      [
        ['off-peak', '0.050000'],
        ['on-peak', '0.050000'],
      ],
      'kWh stack by tariff',
    );
    const increase = await victoriaMetrics.query(
      'increase(electricity_energy_kilowatthours[10m])',
      FIRST_TIME_MS / 1000 + 300,
    );
    t.is(increase.length, 1, 'the total is one series across the tariff’s periods');
  },
);

realTest('influxd')('InfluxDB 1.x: the missing database is made, and twice counts once', async (t) => {
  const influx = await startInfluxDB(t);
  const store = open(t, { ...common, kind: 'influxdb1', url: influx.url, database: 'my "home"' });
  for (let round = 0; round < 2; round += 1)
    t.deepEqual(await store.write(await store.encode([arrivals(100)]), never), { kind: 'stored' });

  const [series] = await influx.query('SELECT power_watts FROM electricity GROUP BY *', 'my "home"');
  t.like(series, { tags: { meter: 'main' }, columns: ['time', 'power_watts'] });
  t.deepEqual(
    series?.values,
    Array.from({ length: 100 }, (_, index) => [FIRST_TIME_MS + (index + 1) * 1200, index + 1]),
  );
  const [sum] = await influx.query(
    "SELECT count(interval_energy_kilowatthours) FROM electricity WHERE tariff = 'on-peak' AND quality = 'measured'",
    'my "home"',
  );
  t.is(sum?.values[0]?.[1], 50);
});

realTest('influxd')(
  'InfluxDB 1.x: the classic layout feeds the dashboards of the original chain',
  async (t) => {
    const influx = await startInfluxDB(t);
    const store = open(t, {
      ...common,
      kind: 'influxdb1',
      url: influx.url,
      database: 'studio',
      layout: 'classic',
    });
    await store.write(await store.encode([arrivals(100)]), never);
    const [keys] = await influx.query('SHOW FIELD KEYS FROM elecmeter', 'studio');
    t.deepEqual(keys?.values, [
      ['duration_milliseconds', 'float'],
      ['phase_1_current', 'float'],
      ['phase_2_current', 'float'],
      ['rate', 'float'],
      ['total_consumption_accrual_kilowatthours', 'float'],
      ['total_consumption_kilowatts', 'float'],
      ['total_cost_accrual_dollars', 'float'],
    ]);
    const [sums] = await influx.query(
      'SELECT sum(total_cost_accrual_dollars), sum(total_consumption_accrual_kilowatthours) FROM elecmeter',
      'studio',
    );
    const [, dollars, kilowatthours] = sums?.values[0] ?? [];
    t.is(Number(dollars).toFixed(6), '0.025000');
    t.is(Number(kilowatthours).toFixed(6), '0.100000');
  },
);

realTest('influxd')(
  'InfluxDB 1.x: a partial write keeps the good lines and says how many it dropped',
  async (t) => {
    const influx = await startInfluxDB(t);
    const store = open(t, { ...common, kind: 'influxdb1', url: influx.url, database: 'home' });
    await influx.query('CREATE DATABASE home');
    await influx.query('CREATE RETENTION POLICY short ON home DURATION 1h REPLICATION 1 DEFAULT');
    t.like(await store.write(await store.encode([arrivals(10)]), never), { kind: 'refused', scope: 'all' });
    const [old, young] = arrivals(2);
    if (!old || !young) throw new Error('no readings');
    young.reading.time = new Date().toISOString();
    t.like(await store.write(await store.encode([[old, young]]), never), { kind: 'refused', scope: 'some' });
    const [count] = await influx.query('SELECT count(power_watts) FROM electricity', 'home');
    t.is(count?.values[0]?.[1], 1);
  },
);
