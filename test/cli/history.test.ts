import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Journal } from '../../agent/journal/journal.ts';
import { testReading } from '../support/readings.ts';
import { realTest } from '../support/real.ts';
import { arrivals, startInfluxDB, startVictoriaMetrics } from '../support/stores.ts';
import { temporaryFolder } from '../support/system.ts';
import { onTerminal, runWattdog } from './support.ts';

const AT = Date.parse('2026-11-01T12:00:00Z');

/** A folder in which a journal was written and is still open, as an agent's is. */
function folderWithJournal(t: ExecutionContext): { cwd: string; journal: Journal } {
  const cwd = temporaryFolder(t);
  const journal = new Journal(join(cwd, 'data', 'journal.db'));
  t.teardown(() => journal.close());
  return { cwd, journal };
}

function reading(seq: number, seconds: number, changes: Parameters<typeof testReading>[1] = {}) {
  const time = new Date(AT + seconds * 1000).toISOString();
  return { meter: 'main', reading: testReading(seq, { time, ...changes }) };
}

test('gaps are a table for people and lines for programs', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  const gap = {
    interval: 0,
    gap_seconds: 155,
    gap_cause: 'port',
    gap_readings: 129,
    gap_energy: 0.012,
    gap_cost: 0.006,
  } as const;
  journal.append([reading(1, 0), reading(2, 156.2, gap), reading(3, 157.4)]);

  const shown = await runWattdog(t, ['gaps', '--from', '2026-10-01', '--to', '2026-11-02'], {
    cwd,
    env: { TZ: 'Europe/Berlin' },
  });
  t.is(shown.code, 0, shown.err);
  t.is(
    shown.out,
    [
      'meter  from                 to                   lasted      why                            missed  kWh counted  kWh estimated  cost  cost estimated',
      'main   2026-11-01 13:00:01  2026-11-01 13:02:36  2 min 35 s  the device was away or silent     129        0.012          0.000  0.01            0.00',
      '',
    ].join('\n'),
  );
  const json = await runWattdog(t, ['gaps', '--json', '--to', '2026-11-02'], { cwd });
  t.deepEqual(JSON.parse(json.out), {
    meter: 'main',
    start: AT + 1200,
    end: AT + 156_200,
    cause: 'port',
    readings: 129,
    energy: 0.012,
    cost: 0.006,
    exportEnergy: 0,
    credit: 0,
    estimatedEnergy: 0,
    estimatedCost: 0,
  });
  const none = await runWattdog(t, ['gaps', '--to', '2026-10-31'], { cwd });
  t.is(none.out, 'no gap: nothing was silent for long\n');
  const now = await runWattdog(t, ['gaps', '--from', '2026-11-02'], { cwd });
  t.regex(now.out, /^main +2026-11-01 \d\d:02:37 +now +\d+ d \d+ h +no reading since$/m);
});

test('gaps and readings of one meter', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  const gap = { interval: 0, gap_seconds: 155, gap_cause: 'port', gap_readings: 129 } as const;
  const entries = [reading(1, 0), reading(2, 156.2, gap)];
  journal.append(entries);
  journal.append(entries.map((entry) => ({ ...entry, meter: 'garage' })));
  const gaps = await runWattdog(t, ['gaps', '--to', '2026-11-02', '--meter', 'garage', '--json'], { cwd });
  t.is(JSON.parse(gaps.out).meter, 'garage', gaps.err);
  const exported = await runWattdog(t, ['export', '--meter', 'main'], { cwd });
  t.regex(exported.out, /^time,meter,.*\r\n([^,]+,main,.*\r\n){2}$/, exported.err);
  const other = await runWattdog(t, ['export', '--meter', 'attic'], { cwd });
  t.is(other.code, 2);
  t.regex(other.err, /--meter must be one of its meters \(main, garage\), got attic/);
});

test('what was fed out in a gap has columns where there is any', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  const gap = { interval: 0, gap_seconds: 155, gap_cause: 'port', gap_readings: 129 } as const;
  const fedOut = { gap_energy: 0.5, gap_cost: 0.1, gap_export_energy: 2.25, gap_credit: 0.18 };
  journal.append([reading(1, 0), reading(2, 156.2, { ...gap, ...fedOut })]);
  const { out } = await runWattdog(t, ['gaps', '--to', '2026-11-02'], { cwd });
  const [heading = '', row = ''] = out.split('\n');
  t.regex(heading, /kWh counted {2}kWh out {2}kWh estimated {2}cost {2}earned {2}cost estimated$/);
  t.regex(row, / 0\.500 +2\.250 +0\.000 +0\.10 +0\.18 +0\.00$/);
});

test('what only some meters tell has a column, and is exported like all else', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  const told = { export_energy: 2, interval_credit: -0.5, power_1: -300, gas: 12.5, register_import_1: 4 };
  journal.append([reading(1, 0), reading(2, 1.2, told)]);
  const { out } = await runWattdog(t, ['export'], { cwd });
  const [heading = '', first = '', second = ''] = out.split('\r\n');
  const columns = heading.split(',');
  const cells = (row: string) => Object.keys(told).map((name) => row.split(',')[columns.indexOf(name)]);
  t.deepEqual(cells(first), ['', '', '', '', '']);
  t.deepEqual(cells(second), ['2', '-0.5', '-300', '12.5', '4']);
});

test('a range is exported as CSV, JSON lines or line protocol', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  journal.append([
    reading(1, 0),
    reading(2, 1.2, { tariff: 'night, "low"', gap_cause: 'silence' }),
    reading(3, 3600),
  ]);
  const range = ['--from', '2026-11-01T12:00Z', '--to', '2026-11-01T13:00Z'];

  const csv = await runWattdog(t, ['export', ...range], { cwd });
  const [heading = '', ...rows] = csv.out.split('\r\n');
  t.is(rows.length, 3, csv.err);
  const columns = heading.split(',');
  t.deepEqual(columns.slice(0, 4), ['time', 'meter', 'epoch', 'seq']);
  t.true(columns.includes('current_2') && columns.includes('gap_cause'));
  t.is(rows[0]?.split(',')[columns.indexOf('time')], '2026-11-01T12:00:00.000Z');
  t.true(rows[1]?.includes(',"night, ""low""",'), rows[1]);
  t.is(rows[2], '');

  const jsonl = await runWattdog(t, ['export', '--format', 'jsonl'], { cwd });
  const lines = jsonl.out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.deepEqual(
    lines.map(({ meter, seq }) => [meter, seq]),
    [
      ['main', 1],
      ['main', 2],
      ['main', 3],
    ],
  );
  const line = await runWattdog(t, ['export', ...range, '--format=line', '--layout=classic'], { cwd });
  t.is(line.out.split('\n').length, 3);
  t.regex(line.out, /^elecmeter duration_milliseconds=1200,.* 1793534400000\n/);
});

test('an export that nobody reads to its end stops without a complaint', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  journal.append(arrivals(20_000));
  const { spawnSync } = await import('node:child_process');
  const { status, stdout, stderr } = spawnSync(
    'sh',
    [
      '-c',
      `"$0" "$1" export --format jsonl | head -n 1`,
      process.execPath,
      join(process.cwd(), 'cli/main.ts'),
    ],
    { cwd, encoding: 'utf8' },
  );
  t.is(status, 0);
  t.is(stdout.split('\n').length, 2);
  t.is(stderr, '');
});

realTest('script')(
  'an export into a file shows its progress on a terminal, and leaves nothing of it',
  async (t) => {
    const { cwd, journal } = folderWithJournal(t);
    journal.append(arrivals(20_000));
    const shown = await onTerminal(t, ['export'], { columns: 80, cwd, into: 'all.csv' });
    t.regex(shown, /exporting {2}[█░]+ +\d+ % {2}[\d,]+ of 20,000 {2}[\d,]+\/s/);
    t.true(shown.endsWith('\r\x1b[K'));
    t.is(readFileSync(join(cwd, 'all.csv'), 'utf8').split('\r\n').length, 20_002);
    const seen = await onTerminal(t, ['export', '--format', 'jsonl'], { columns: 80, cwd });
    t.false(seen.includes('exporting'), 'readings that are seen to come need no bar');
    const piped = await runWattdog(t, ['export'], { cwd });
    t.is(piped.err, '');
  },
);

test('dead letters are listed with the words of the store', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  t.is((await runWattdog(t, ['dead-letters'], { cwd })).out, 'no store has refused a reading\n');
  journal.append([reading(1, 0)]);
  journal.bury('main-store', [
    { entry: { id: 1, ...reading(1, 0) }, reason: 'answered 400: field type conflict' },
  ]);
  const { out } = await runWattdog(t, ['dead-letters'], { cwd, env: { TZ: 'UTC' } });
  t.regex(out, /main-store {2}main {3}2026-11-01 12:00:00 {2}answered 400: field type conflict\n$/);
});

test('what cannot be done is said with its exit code', async (t) => {
  const { cwd } = folderWithJournal(t);
  mkdirSync(join(cwd, 'other'));
  writeFileSync(join(cwd, 'other', 'x.db'), 'no database');
  for (const [args, code, message] of [
    [['gaps', '--data', 'nowhere'], 1, /opening the journal: nowhere\/journal\.db must exist/],
    [['gaps', '--journal', 'other/x.db'], 1, /other\/x\.db must be a readable journal of wattdog/],
    [['gaps', '--from', 'whenever'], 2, /--from must be a moment .*, got whenever/],
    [['export', '--format', 'xml'], 2, /--format must be csv, jsonl or line, got xml/],
    [['export', '--layout', 'odd'], 2, /--layout must be default or classic, got odd/],
    [['replay'], 2, /--store must name one of agent\.stores \(there is none\), got nothing/],
    [
      ['replay', '--store', 'x', '--agent.stores', '[{kind: victoriametrics, url: "http://h"}]'],
      2,
      /\(victoriametrics\), got x/,
    ],
    [['gaps', '--frm', '7d'], 2, /--frm is no option of it and no setting; did you mean --from\?\n$/],
  ] as const) {
    const { code: given, err } = await runWattdog(t, [...args], { cwd });
    t.is(given, code, `${args}: ${err}`);
    t.regex(err, message);
    t.notRegex(err, /\n {4}at /);
  }
});

realTest('victoria-metrics')('an emptied store is fed again from the journal, or a part of it', async (t) => {
  const { cwd, journal } = folderWithJournal(t);
  const sent = arrivals(12_000);
  journal.append(sent);
  const store = await startVictoriaMetrics(t);
  const stores = ['--agent.stores', `[{kind: victoriametrics, url: "${store.url}"}]`];
  const times = async () => {
    const [series] = await store.samples('electricity_power_watts');
    return series?.samples.map(([time]) => time) ?? [];
  };
  const part = sent.slice(100, 200).map(({ reading }) => Date.parse(reading.time));
  const from = new Date(part[0] ?? 0).toISOString();
  const to = new Date((part.at(-1) ?? 0) + 1).toISOString();
  const some = await runWattdog(t, ['replay', ...stores, '--from', from, '--to', to], { cwd });
  t.is(some.code, 0, some.err);
  t.regex(some.err, /victoriametrics: 100 of 100 readings in \d+\.\d s, 0 refused\n$/);
  t.deepEqual(await times(), part);

  const all = await runWattdog(t, ['replay', '--store', 'victoriametrics', ...stores], { cwd });
  t.is(all.code, 0, all.err);
  t.deepEqual(
    await times(),
    sent.map(({ reading }) => Date.parse(reading.time)),
  );
});

realTest('influxd')(
  'a replay into InfluxDB makes the database, and done twice changes nothing',
  async (t) => {
    const { cwd, journal } = folderWithJournal(t);
    journal.append(arrivals(500));
    const store = await startInfluxDB(t);
    const stores = ['--agent.stores', `[{kind: influxdb1, url: "${store.url}"}]`];
    for (let time = 1; time <= 2; time++) {
      const { code, err } = await runWattdog(t, ['replay', ...stores], { cwd });
      t.is(code, 0, err);
      const [series] = await store.query('SELECT count(power_watts) FROM electricity', 'wattdog');
      t.is(series?.values[0]?.[1], 500);
    }
  },
);
