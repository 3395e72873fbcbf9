import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { classic } from '../../../agent/grafana/dashboards/classic.ts';
import { health } from '../../../agent/grafana/dashboards/health.ts';
import { history } from '../../../agent/grafana/dashboards/history.ts';
import { live } from '../../../agent/grafana/dashboards/live.ts';
import { influxql } from '../../../agent/grafana/influxql.ts';
import { promql } from '../../../agent/grafana/promql.ts';
import { type Questions, READINGS } from '../../../agent/grafana/questions.ts';
import { realTest } from '../../support/real.ts';
import { startInfluxDB, startVictoriaMetrics } from '../../support/stores.ts';
import { askPanel, type Look, type Panel, type Source } from './support/ask.ts';
import { type Frame, rowsOf } from './support/frames.ts';
import { at, COUNTED_GAP, fill, NOW, PEAK, REAL_FROM, readings, SOLAR, ZONE } from './support/house.ts';
import { optionsOf } from './support/variables.ts';

const LOOK: Look = {
  dashboard: { from: 'now-30d/d', to: 'now' },
  variables: { meter: 'main', readings: READINGS.real },
  clock: { now: NOW, zone: ZONE },
};

/** Asks a dashboard’s panels, and knows which were not asked. */
function asking(source: Source, { panels: all = [] }: Dashboard) {
  const panels = all as Panel[];
  const left = new Set(panels.filter(({ targets = [] }) => targets.every(({ expr }) => !ofAgent(expr))));
  for (const panel of left) if (panel.targets === undefined) left.delete(panel);
  /** @param title its beginning. */
  const ask = (title: string, look: Partial<Look> = {}) => {
    const panel =
      panels.find((one) => one.title === title) ?? panels.find((one) => one.title?.startsWith(title));
    if (panel === undefined) throw new Error(`no such panel: ${title}`);
    left.delete(panel);
    return askPanel(source, panel, { ...LOOK, ...look });
  };
  /** The values that a stat or a gauge shows, by the names of their series. */
  const numbers = async (title: string, look: Partial<Look> = {}) =>
    Object.fromEntries(
      (await ask(title, look)).flatMap(({ fields }) =>
        fields.filter(({ name }) => name !== 'Time').map(({ name, values }) => [name, round(values.at(-1))]),
      ),
    );
  return { ask, numbers, unasked: () => [...left].map(({ title }) => title) };
}

/** Of the agent’s own metrics, which have a test of their own. */
const ofAgent = (expr: string | undefined) => /wattdog/.test(expr ?? '');

const round = (value: unknown) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value);
const table = (frames: Frame[]) =>
  frames
    .flatMap(rowsOf)
    .map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)])));

/** kWh, by hand: 0.24 an hour by night, 0.6 by day, 1.2 from 14 to 20 o’clock. */
const DAYS = [
  { day: '2026-03-05', off: 7.56, on: 7.2, gaps: null },
  { day: '2026-03-06', off: 7.56, on: 7.2, gaps: null },
  // Two hours of the night are a gap, in which the meter counted 0.5.
  { day: '2026-03-07', off: 7.08, on: 7.2, gaps: 0.5 },
  // A day of 23 hours, with a minute of 7.2 kW in place of 1.2.
  { day: '2026-03-08', off: 7.32, on: 7.3, gaps: null },
  // Ten minutes are missing.
  { day: '2026-03-09', off: 7.52, on: 7.2, gaps: null },
  // Until 18:00:45.
  { day: '2026-03-10', off: 5.88, on: 4.82, gaps: null },
];
const [SUM_OFF, SUM_ON] = [42.92, 40.92];
const READ_MINUTES = 5 * 24 * 60 + 18 * 60 + 1 - 60 - 120 - 10;
const MINUTES_OF_MARCH = 31 * 24 * 60 - 60;

const LANGUAGES: { questions: Questions; program: string; edition: string }[] = [
  { questions: promql, program: 'victoria-metrics', edition: '' },
  { questions: influxql, program: 'influxd', edition: '-influxdb' },
];

for (const { questions, program, edition } of LANGUAGES)
  realTest(program)(`the dashboards show what the house drew, asked of ${program}`, async (t) => {
    const isPrometheus = questions.datasource.type === 'prometheus';
    const store = await (isPrometheus ? startVictoriaMetrics(t) : startInfluxDB(t));
    const kind = isPrometheus ? 'victoriametrics' : 'influxdb1';
    await fill(t, readings(), [{ kind, url: store.url }]);
    const source: Source = isPrometheus
      ? { type: 'prometheus', url: store.url }
      : { type: 'influxdb', url: store.url, database: 'wattdog' };
    const [days, now, state] = [
      asking(source, history(questions, edition)),
      asking(source, live(questions, edition)),
      asking(source, health(questions, edition)),
    ];

    // What can be chosen, the first of which is.
    const [meter, kinds] = live(questions).templating.list?.slice(1) ?? [];
    const texts = async (variable = {}, look: Partial<Look> = {}) =>
      (await optionsOf(source, variable, { ...LOOK, ...look })).map(({ text }) => text);
    t.deepEqual(await texts(meter), ['garage', 'main', 'solar']);
    t.deepEqual(
      await optionsOf(source, kinds ?? {}, LOOK),
      Object.entries(READINGS).map(([text, value]) => ({ text, value })),
    );
    const madeUp = { ...LOOK, clock: { now: REAL_FROM, zone: ZONE } };
    if (isPrometheus) t.deepEqual(await texts(kinds, madeUp), ['simulated']);

    // History.
    const byDay = DAYS.map(({ day, off, on, gaps }) => ({
      'Time\\Metric': day,
      'winter off-peak': off,
      'winter on-peak': on,
      'in gaps': gaps,
    }));
    t.deepEqual(table(await days.ask('kWh by day')), byDay);
    t.deepEqual(
      table(await days.ask('Cost by day')),
      DAYS.map(({ day, off, on, gaps }) => ({
        'Time\\Metric': day,
        'winter off-peak': round(off * 0.27),
        'winter on-peak': round(on * 0.36),
        'in gaps': gaps === null ? null : COUNTED_GAP.cost,
      })),
    );
    t.deepEqual(await days.numbers('Today'), { Total: 10.7 });
    t.deepEqual(await days.numbers('Today: cost'), { Total: round(5.88 * 0.27 + 4.82 * 0.36) });
    t.deepEqual(await days.numbers('Yesterday'), { Total: 14.72 });
    t.deepEqual(await days.numbers('Yesterday: cost'), { Total: round(7.52 * 0.27 + 7.2 * 0.36) });
    t.deepEqual(await days.numbers('This month'), { Total: round(SUM_OFF + SUM_ON + 0.5) });
    t.deepEqual(await days.numbers('This month: cost'), {
      Total: round(SUM_OFF * 0.27 + SUM_ON * 0.36 + COUNTED_GAP.cost),
    });
    const share = MINUTES_OF_MARCH / READ_MINUTES;
    near(t, (await days.numbers('This month will be')).Forecast, (SUM_OFF + SUM_ON) * share);
    near(t, (await days.numbers('This month will cost')).Forecast, (SUM_OFF * 0.27 + SUM_ON * 0.36) * share);
    t.deepEqual(await days.numbers('Base load'), { 'Apparent power': 240 });
    const [peak, ...more] = table(await days.ask('Peak'));
    t.deepEqual([peak?.Value, more], [PEAK.power, []]);
    // A step of 30 days is 5 minutes, and it is told when it began.
    const early = PEAK.time - Number(peak?.Time);
    t.true(early >= 0 && early < (isPrometheus ? 300_000 : 1), `${early} ms`);
    const heatMap = await days.ask('kWh by hour');
    const hours = table(heatMap);
    t.deepEqual(
      hours.map(({ 'day\\hour': day }) => day),
      DAYS.map(({ day }) => day).toReversed(),
    );
    t.deepEqual(
      heatMap.flatMap(({ fields }) => fields.map(({ name }) => name)),
      ['day\\hour', ...Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'))],
    );
    const cell = (day: string, hour: string) => hours.find((row) => row['day\\hour'] === day)?.[hour];
    t.is(cell('2026-03-08', '18'), 1.3);
    t.is(cell('2026-03-08', '01'), 0.24);
    t.is(cell('2026-03-08', '02'), null);
    t.is(cell('2026-03-08', '03'), 0.24);
    t.is(cell('2026-03-07', '03'), null);
    t.is(cell('2026-03-09', '01'), 0.2);
    t.is(cell('2026-03-10', '19'), null);

    // A house that feeds out; one that does not shows none of that.
    const solar = { variables: { meter: 'solar', readings: READINGS.real } };
    // 16 hours at 0.3 kW and 8 at 1.8 kW; on the second day until 18:00:30.
    const [taken, fedOut] = [4.8, 14.4];
    const [takenToday, fedOutToday] = [8 * 0.3 + 61 * 0.01, 14.4];
    t.deepEqual(
      table(await days.ask('kWh by day', solar)),
      [
        ...[{ 'Time\\Metric': '2026-03-09', flat: taken, 'in gaps': null, 'fed out': -fedOut }],
        ...[
          { 'Time\\Metric': '2026-03-10', flat: round(takenToday), 'in gaps': 0.25, 'fed out': -fedOutToday },
        ],
      ].map((row, index) => ({ ...row, 'fed out in gaps': index === 0 ? null : -2 })),
    );
    t.deepEqual(
      table(await days.ask('Cost by day', solar)).map((row) => [row.flat, row.corrected, row.earned]),
      [
        [round(taken * 0.3), null, round(-fedOut * 0.08)],
        [round(takenToday * 0.3), SOLAR.correction, round(-fedOutToday * 0.08)],
      ],
    );
    const { gap, correction } = SOLAR;
    const [inAll, outInAll] = [taken + takenToday + gap.energy, fedOut + fedOutToday + gap.fedOut];
    const earned = (fedOut + fedOutToday) * 0.08 + gap.credit;
    const paid = (taken + takenToday) * 0.3 + gap.cost + correction;
    const fixed = (1.2 * (24 + 18)) / 24;
    t.deepEqual(await days.numbers('This month', solar), { Total: round(inAll) });
    t.deepEqual(await days.numbers('This month: cost', solar), { Total: round(paid) });
    t.deepEqual(await days.numbers('This month: fed out', solar), { Total: round(outInAll) });
    t.deepEqual(await days.numbers('This month: earned', solar), { Total: round(earned) });
    t.deepEqual(await days.numbers('This month: net', solar), { Total: round(inAll - outInAll) });
    t.deepEqual(await days.numbers('This month: net cost', solar), { Total: round(paid + fixed - earned) });
    t.deepEqual(await days.numbers('Yesterday: fed out', solar), { Total: fedOut });
    t.deepEqual(await days.numbers('Yesterday: earned', solar), { Total: round(fedOut * 0.08) });
    t.deepEqual(await days.numbers('Yesterday: net', solar), { Total: round(taken - fedOut) });
    t.deepEqual(await days.numbers('Today: fed out', solar), { Total: round(fedOutToday + gap.fedOut) });
    t.deepEqual(await days.numbers('Today: earned', solar), {
      Total: round(fedOutToday * 0.08 + gap.credit),
    });
    t.deepEqual(await days.numbers('Today: net', solar), {
      Total: round(takenToday + gap.energy - fedOutToday - gap.fedOut),
    });
    for (const title of ['Today: net cost', 'Yesterday: net cost']) await days.numbers(title, solar);
    t.deepEqual(await days.numbers('Base load', solar), { Power: -1800 });
    t.is(table(await days.ask('Peak', solar))[0]?.Value, 300);
    const gas = table(await days.ask('Gas', solar));
    t.deepEqual(
      gas.map((row) => row['Time\\Metric']),
      ['2026-03-09', '2026-03-10'],
    );
    // To a step at the edges of a day.
    t.true(
      gas.every((row, day) => Math.abs(Number(row['m³']) - (day === 0 ? 7.2 : 5.4)) < 0.11),
      JSON.stringify(gas),
    );
    t.deepEqual(table(await days.ask('Water', solar)), []);
    t.deepEqual(await days.numbers('Today: fed out'), {});
    t.deepEqual(await days.numbers('Today: earned'), {});
    t.deepEqual(await days.numbers('Today: net'), { Total: 10.7 });
    t.deepEqual(await days.numbers('This month: net cost'), await days.numbers('This month: cost'));
    t.deepEqual(table(await days.ask('Gas')), []);

    // Simulated readings are shown alone, and never with real ones.
    const simulated = { variables: { meter: 'main', readings: READINGS.simulated } };
    t.deepEqual(table(await days.ask('kWh by day', simulated)), [
      { 'Time\\Metric': '2026-03-04', 'winter off-peak': 7.56, 'winter on-peak': 7.2 },
    ]);
    t.deepEqual(await days.numbers('This month', simulated), { Total: 14.76 });
    t.deepEqual(await now.numbers('Now', simulated), {});

    // Live.
    t.deepEqual(await now.numbers('Today'), { Total: 10.7 });
    t.deepEqual(await now.numbers('Today’s cost'), { Total: round(5.88 * 0.27 + 4.82 * 0.36) });
    const hour = { dashboard: { from: 'now-1h', to: 'now' } };
    t.deepEqual(await now.numbers('Now', hour), { 'Apparent power': 1200 });
    const garage = { ...hour, variables: { meter: 'garage', readings: READINGS.real } };
    t.deepEqual(await now.numbers('Now', garage), { Power: 90, 'Apparent power': 100 });
    t.deepEqual(await days.numbers('Base load', { variables: garage.variables }), {
      Power: 90,
      'Apparent power': 100,
    });
    const roof = {
      ...hour,
      variables: solar.variables,
      clock: { now: at('2026-03-10T12:30:45'), zone: ZONE },
    };
    t.deepEqual(await now.numbers('Now', roof), { Power: -1800 });
    t.deepEqual(series(await now.ask('Power', roof)), { Power: { points: 30, values: [-1800] } });
    t.is(newestTime(await now.ask('Newest', roof)), at('2026-03-10T12:30:30'));
    t.deepEqual(await now.numbers('Price', hour), { Price: 0.36 });
    t.is(table(await now.ask('Tariff', hour))[0]?.tariff, 'winter on-peak');
    t.is((await now.ask('Tariff', hour)).flatMap(rowsOf).length, 1);
    t.is(newestTime(await now.ask('Newest', hour)), at('2026-03-10T18:00:30'));
    const silent = { ...hour, clock: { now: NOW + 20 * 60_000, zone: ZONE } };
    t.is(newestTime(await now.ask('Newest', silent)), at('2026-03-10T18:00:30'));
    t.deepEqual(series(await now.ask('Power', hour)), { 'Apparent power': { points: 60, values: [1200] } });
    t.deepEqual(series(await now.ask('Power', garage)), {
      Power: { points: 30, values: [90] },
      'Apparent power': { points: 30, values: [100] },
    });
    t.deepEqual(series(await now.ask('Phases', hour)), {
      'Phase 1': { points: 60, values: [5] },
      'Phase 2': { points: 60, values: [5] },
    });

    // Health.
    const gaps = table(await state.ask('Gaps'));
    const [time, cause, seconds, missing, counted, estimated] = isPrometheus
      ? ['Time', 'cause', 'Value #A', 'Value #B', 'Value #C', 'Value #D']
      : ['Time', 'cause', 'seconds', 'readings', 'energy_kilowatthours', 'estimated_energy_kilowatthours'];
    t.deepEqual(
      gaps
        .map((row) =>
          [time, cause, seconds, missing, counted, estimated].map((name) => row[name ?? ''] ?? null),
        )
        .toSorted((one, other) => Number(one[0]) - Number(other[0])),
      [
        [COUNTED_GAP.to - 30_000, 'reader', 7170, 119, 0.5, null],
        [at('2026-03-09T01:09:30'), 'silence', 570, 9, null, 0.03],
      ],
    );
    const night = {
      dashboard: { from: 'now-24h', to: 'now' },
      clock: { now: at('2026-03-07T08:00'), zone: ZONE },
    };
    const covered = table(await state.ask('Covered', night));
    const coverage = (time: string) => covered.find((row) => row.Time === at(time))?.['Covered by readings'];
    t.is(coverage('2026-03-07T02:55'), 1);
    t.true([0, undefined].includes(coverage('2026-03-07T03:30') as 0 | undefined));
    t.is(coverage('2026-03-07T05:05'), 1);
    t.is(newestTime(await state.ask('Newest', hour)), at('2026-03-10T18:00:30'));

    t.deepEqual(
      [days, now, state].flatMap(({ unasked }) => unasked()),
      [],
    );
  });

realTest('influxd')('the classic dashboard shows what the old chain’s did', async (t) => {
  const store = await startInfluxDB(t);
  const own = readings().filter(({ meter }) => meter === 'main');
  await fill(t, own, [{ kind: 'influxdb1', url: store.url, database: 'studio', layout: 'classic' }]);
  const { ask, numbers, unasked } = asking(
    { type: 'influxdb', url: store.url, database: 'studio' },
    classic(),
  );
  const look = { variables: {} };
  t.deepEqual(await numbers('Total cost', look), {
    'Total cost': round(SUM_OFF * 0.27 + SUM_ON * 0.36 + COUNTED_GAP.cost),
  });
  const hour = { ...look, dashboard: { from: 'now-1h', to: 'now' } };
  t.deepEqual(await numbers('Rate', hour), { Rate: 0.36 });
  t.deepEqual(series(await ask('Current', hour)), {
    'Phase 1': { points: 60, values: [5] },
    'Phase 2': { points: 60, values: [5] },
  });
  t.deepEqual(unasked(), []);
});

const newestTime = (frames: Frame[]) =>
  frames[0]?.fields.find(({ name }) => name === 'Newest reading')?.values[0];

/** How many points each series has, and which values. */
function series(frames: Frame[]) {
  return Object.fromEntries(
    frames.map(({ fields: [, value] }) => {
      const values = (value?.values ?? []).filter((one) => one !== null).map(round);
      return [value?.name, { points: values.length, values: [...new Set(values)] }];
    }),
  );
}

function near(
  t: { true(actual: boolean, message?: string): unknown },
  actual: unknown,
  expected: number,
): void {
  t.true(Math.abs(Number(actual) - expected) < 1e-4 * expected, `${actual}, not ${expected}`);
}
