import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import { createPricing } from '../../../meter/tariff/pricing.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';
import { testReading } from '../../support/readings.ts';
import { temporaryFolder } from '../../support/system.ts';
import { runWattdog } from '../support.ts';

const ZONE = 'America/Los_Angeles';
const START = Date.parse('2026-10-30T10:17:31Z');

interface Flow {
  from: number;
  to: number;
  import: number;
  export: number;
}

/** Three days over the end of summer time: uneven readings, a night's gap that was counted, and an estimate. */
function history(): { readings: ReturnType<typeof testReading>[]; flows: Flow[] } {
  const flows: Flow[] = [];
  const readings: ReturnType<typeof testReading>[] = [];
  let [energy, exported, cost, credit, time] = [100, 10, 20, 1, START];
  for (let seq = 1; time < START + 72 * 3_600_000; seq += 1) {
    const seconds = 20 + ((seq * 7919) % 97);
    const isGap = seq === 1500;
    const gap = isGap ? 8 * 3600 + 1234 : 0;
    const sun = Math.max(0, Math.sin((time - START) / 13_000_000));
    const [bought, sold] = [(seconds * (seq % 50)) / 100_000, (seconds * sun) / 10_000];
    if (gap > 0) {
      flows.push({ from: time, to: time + gap * 1000, import: 4.5, export: 0.25 });
      energy += 4.5;
      exported += 0.25;
      time += gap * 1000;
    }
    flows.push({ from: time, to: time + seconds * 1000, import: bought, export: sold });
    time += seconds * 1000;
    energy += bought;
    exported += sold;
    cost += bought * 0.2;
    credit += sold * 0.05;
    readings.push(
      testReading(seq, {
        time: new Date(time).toISOString(),
        interval: seconds,
        energy,
        interval_energy: bought,
        cost,
        interval_cost: bought * 0.2,
        export_energy: exported,
        interval_export_energy: sold,
        credit,
        interval_credit: sold * 0.05,
        ...(isGap
          ? { gap_seconds: gap, gap_cause: 'reader', gap_energy: 4.5, gap_cost: 0.9, gap_export_energy: 0.25 }
          : {}),
        ...(seq === 100 ? { gap_seconds: 0, gap_cause: 'silence', gap_estimated_energy: 0 } : {}),
      }),
    );
  }
  return { readings, flows };
}

const { readings, flows } = history();
const END = flows.at(-1)?.to ?? START;

/** Written once: every test has a copy. */
const written = mkdtempSync(join(tmpdir(), 'wattdog-test-'));

test.before(() => {
  const journal = new Journal(join(written, 'journal.db'), { zone: ZONE });
  journal.append(readings.map((reading) => ({ meter: 'main', reading })));
  const other = testReading(1, { epoch: 'x', time: new Date(START).toISOString() });
  journal.append([{ meter: 'other', reading: other }]);
  journal.close();
});

test.after.always(() => rmSync(written, { recursive: true }));

function folder(t: ExecutionContext): string {
  const cwd = temporaryFolder(t);
  cpSync(written, join(cwd, 'data'), { recursive: true });
  return cwd;
}

const TARIFFS = {
  'on the hour': {
    periods: [
      { name: 'peak', price: 0.5, from: '16:00', to: '21:00' },
      { name: 'rest', price: 0.2 },
    ],
    export_price: 0.07,
  },
  'within the hour': {
    periods: [
      { name: 'peak', price: 0.5, export_price: 0.2, from: '16:20', to: '20:45' },
      { name: 'rest', price: -0.1 },
    ],
  },
  'with tiers, a billing day and fixed charges': {
    billing_day: 31,
    fixed_daily: 0.3,
    fixed_monthly: 12,
    minimum_monthly: 100,
    export_price: 0.01,
    periods: [
      { name: 'peak', price: [{ up_to: 6, price: 0.3 }, { price: 0.6 }], from: '07:30', to: '11:00' },
      { name: 'rest', price: [{ up_to: 6, price: 0.1 }, { price: 0.2 }] },
    ],
  },
};

for (const [name, rules] of Object.entries(TARIFFS))
  for (const range of ['all', 'a part'] as const)
    test.serial(`a tariff ${name}, over ${range}: as if each reading were charged by it`, async (t) => {
      const cwd = folder(t);
      const tariff = tariffSchema.parse({ name: 'new', currency: 'USD', zone: ZONE, ...rules });
      writeFileSync(
        join(cwd, 'new.json'),
        JSON.stringify({ meter: { tariff: { name: 'new', currency: 'USD', zone: ZONE, ...rules } } }),
      );
      const [from, to] =
        range === 'all' ? [START, END] : [Date.parse('2026-10-31T03:10Z'), Date.parse('2026-11-01T17:50Z')];
      const asked = ['--from', new Date(from).toISOString(), '--to', new Date(to).toISOString()];
      const { code, out, err } = await runWattdog(
        t,
        ['tariff', 'cost', '--tariff', 'new.json', '--meter', 'main', '--json', ...asked],
        { cwd },
      );
      t.is(code, 0, err);
      const lines = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const total = lines.at(-1);

      const pricing = createPricing(tariff);
      const expected = { energy: 0, export_energy: 0, cost: 0, credit: 0 };
      let bill = pricing.charge({ import: 0, export: 0 }, from, from).bill;
      // The tiers have counted since the bill began, whatever part of it is asked for.
      for (const flow of flows) {
        const length = Math.min(from, flow.to) - Math.max(bill.from, flow.from);
        if (length > 0) bill.energy += (flow.import * length) / (flow.to - flow.from);
      }
      for (const flow of flows) {
        const [begin, end] = [Math.max(from, flow.from), Math.min(to, flow.to)];
        if (begin >= end) continue;
        const share = (end - begin) / (flow.to - flow.from);
        const part = { import: flow.import * share, export: flow.export * share };
        const charge = pricing.charge(part, begin, end, bill);
        bill = charge.bill;
        expected.energy += part.import;
        expected.export_energy += part.export;
        expected.cost += charge.cost;
        expected.credit += charge.credit;
      }
      for (const [key, value] of Object.entries(expected))
        t.true(Math.abs(total[key] - value) < 0.001, `${key}: ${total[key]} is not ${value}`);
      t.is(total.spread_over_hours, 0);
      t.true(Math.abs(total.fixed - pricing.fixed(from, to)) < 1e-5);
      const periods = lines.filter(({ kind }) => kind === 'period');
      t.true(Math.abs(periods.reduce((sum, { energy }) => sum + energy, 0) - total.energy) < 1e-4);
      const bills = lines.filter(({ kind }) => kind === 'bill');
      t.true(Math.abs(bills.reduce((sum, { cost }) => sum + cost, 0) - total.cost) < 1e-4);
      t.is(bills.length, 2);
      const charged = flows.reduce((sum, flow) => {
        const inside = Math.max(0, Math.min(to, flow.to) - Math.max(from, flow.from)) / (flow.to - flow.from);
        return sum + inside * (flow.import * 0.2 - (flow.import === 4.5 ? 0 : flow.export * 0.05));
      }, 0);
      t.true(Math.abs(total.charged - charged) < 0.02, `${total.charged} is not ${charged}`);
    });

test.serial('readings that are gone leave their hours: what that costs in precision is said', async (t) => {
  const cwd = folder(t);
  const db = new DatabaseSync(join(cwd, 'data', 'journal.db'));
  db.prepare('DELETE FROM reading WHERE time < ?').run(START + 30 * 3_600_000);
  db.close();
  const rules = TARIFFS['within the hour'];
  writeFileSync(
    join(cwd, 'new.yaml'),
    JSON.stringify({ name: 'new', currency: 'USD', zone: ZONE, ...rules }),
  );
  const whole = await runWattdog(t, ['tariff', 'cost', '--tariff', 'new.yaml', '--meter', 'main', '--json'], {
    cwd,
  });
  const total = JSON.parse(whole.out.trim().split('\n').at(-1) ?? '{}');
  t.true(total.spread_over_hours > 0);
  const energy = flows.reduce((sum, flow) => sum + flow.import, 0);
  t.true(Math.abs(total.energy - energy) < 0.001);
  const people = await runWattdog(t, ['tariff', 'cost', '--tariff', 'new.yaml', '--meter', 'main'], { cwd });
  t.regex(people.out, /spread evenly over their hour/);
  t.regex(people.out, /^in all /m);
  t.regex(people.out, /^peak /m);
});

test.serial('a bill below the minimum is brought up to it, a part of one is not', async (t) => {
  const cwd = folder(t);
  const rules = { ...TARIFFS['on the hour'], minimum_monthly: 1000, billing_day: 31 };
  writeFileSync(
    join(cwd, 'new.yaml'),
    JSON.stringify({ name: 'new', currency: 'USD', zone: ZONE, ...rules }),
  );
  const { out } = await runWattdog(
    t,
    [
      'tariff',
      'cost',
      '--tariff',
      'new.yaml',
      '--meter',
      'main',
      '--json',
      '--from',
      '2026-09-30',
      '--to',
      '2026-11-01',
    ],
    { cwd },
  );
  const bills = out
    .split('\n')
    .filter((line) => line.includes('"kind":"bill"'))
    .map((line) => JSON.parse(line));
  t.deepEqual(
    bills.map(({ from, to, part }) => [from, to, part]),
    [
      ['2026-09-30T00:00:00-07:00', '2026-10-31T00:00:00-07:00', false],
      ['2026-10-31T00:00:00-07:00', '2026-11-01T00:00:00-07:00', true],
    ],
  );
  t.is(bills[0].total, 1000);
  t.is(bills[1].minimum, 0);
});

test.serial('what was simulated before the meter was there costs nothing', async (t) => {
  const cwd = folder(t);
  const simulated = readings.slice(0, 500).map(({ time, ...reading }) => ({
    ...reading,
    epoch: 'simulated',
    time: new Date(Date.parse(time) - 24 * 3_600_000).toISOString(),
    quality: 'simulated' as const,
  }));
  const journal = new Journal(join(cwd, 'data', 'journal.db'), { zone: ZONE });
  journal.append(simulated.flatMap((reading) => ['main', 'toy'].map((meter) => ({ meter, reading }))));
  journal.close();
  const cost = (...args: string[]) => runWattdog(t, ['tariff', 'cost', '--meter', ...args], { cwd });
  const sum = (list: typeof flows) => list.reduce((all, flow) => all + flow.import, 0);
  const real = JSON.parse((await cost('main', '--json')).out.trim().split('\n').at(-1) ?? '{}');
  t.true(Math.abs(real.energy - sum(flows)) < 0.001, `${real.energy} is not ${sum(flows)}`);
  t.is(real.from, '2026-10-30T03:00:00-07:00');
  t.is(real.simulated, undefined);
  const made = JSON.parse((await cost('toy', '--json')).out.trim().split('\n').at(-1) ?? '{}');
  t.true(Math.abs(made.energy - sum(flows.slice(0, 500))) < 0.001);
  t.true(made.simulated);
  t.regex((await cost('toy')).out, /^toy \(SIMULATED\) under/);
});

for (const [args, code, words] of [
  [['--meter', 'none'], 2, /--meter must be one of the journal’s meters \(main, other\), got none/],
  [['--from', '2026-11-05', '--to', '2026-11-01'], 2, /--from must be before --to/],
  [['--from', 'soon'], 2, /--from must be a moment/],
  [['--from', '2026-02-30'], 2, /--from must be a moment such as .*, got 2026-02-30$/m],
  [
    ['--tariff', 'none.yaml'],
    2,
    /--tariff must be a file, or the name of a tariff that is shipped, got none.yaml; `wattdog tariff list`/,
  ],
  [['--tariff', 'sce-tou-a'], 2, /got sce-tou-a; did you mean sce-tou-d-a\?/],
  [['--tariff', 'bad.yaml'], 78, /bad.yaml: must be a tariff[\s\S]*periods[\s\S]*, got a list$/m],
  [['--journal', 'none.db'], 1, /none.db must exist/],
  [['--day', 'today'], 2, /its options are .*got --day/],
] as [string[], number, RegExp][])
  test.serial(`cost refuses ${args.join(' ')}`, async (t) => {
    const cwd = folder(t);
    writeFileSync(join(cwd, 'bad.yaml'), 'name: bad\ncurrency: USD\nzone: Europe/Paris\nperiods: []\n');
    const all = args.includes('--meter') ? args : [...args, '--meter', 'main'];
    const { code: ended, err } = await runWattdog(t, ['tariff', 'cost', ...all], { cwd });
    t.is(ended, code, err);
    t.regex(err, words);
  });
