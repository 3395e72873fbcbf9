import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { parse } from 'yaml';
import { drawDay } from '../../../cli/tariff/chart.ts';
import { createPricing } from '../../../meter/tariff/pricing.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';
import { realTest } from '../../support/real.ts';
import { temporaryFolder } from '../../support/system.ts';
import { onTerminal, runWattdog } from '../support.ts';

const plain = (columns: number) => ({ columns, paint: (_: unknown, text: string) => text });

test.serial('show draws a day by the hour, with its periods', async (t) => {
  const { code, out } = await runWattdog(t, [
    'tariff',
    'show',
    '--day',
    '2026-07-01',
    '--tariff',
    'sce-tou-d-a',
  ]);
  t.is(code, 0);
  t.regex(out, /^SCE TOU-D-A: Wednesday 2026-07-01, USD per kWh, America\/Los_Angeles$/m);
  t.is(out.match(/^\d\d:00 /gm)?.length, 24);
  t.regex(out, /^14:00 0\.480 +█{20,} +summer on-peak$/m);
  t.regex(out, /^least 0\.120 from 00:00, most 0\.480 from 14:00, mean 0\.263$/m);
  t.notRegex(out, /now|\[/);
});

for (const [day, hours] of [
  ['2026-03-08', 23],
  ['2026-11-01', 25],
] as const)
  test.serial(`${day} has ${hours} hours, and one that comes twice tells which it is`, async (t) => {
    const { out } = await runWattdog(t, ['tariff', 'show', '--day', day, '--tariff', 'sce-tou-d-a']);
    const times = out.match(/^\d\d:00( UTC-[78])?/gm) ?? [];
    t.is(times.length, hours);
    t.is(new Set(times).size, hours);
    t.is(times.filter((time) => time.includes('UTC')).length, hours === 25 ? 2 : 0);
    t.true(out.includes(`a day of ${hours} hours`));
    const json = await runWattdog(t, ['tariff', 'show', '--day', day, '--tariff', 'sce-tou-d-a', '--json']);
    const slices = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.is(Date.parse(slices.at(-1).to) - Date.parse(slices[0].from), hours * 3_600_000);
    for (const [index, slice] of slices.slice(1).entries()) t.is(slice.from, slices[index].to);
  });

test.serial(
  'negative prices go to the left, prices that are not known are marked, tiers and charges told, now too',
  (t) => {
    const day = { from: Date.parse('2026-07-01T00:00Z'), to: Date.parse('2026-07-02T00:00Z') };
    const tariff = tariffSchema.parse({
      name: 'spot',
      currency: 'EUR',
      zone: 'UTC',
      fixed_daily: 0.5,
      periods: [
        { name: 'night', price: -0.1, to: '06:30', from: '00:00', export_price: 0.05 },
        { name: 'day', price: [{ up_to: 100, price: 0 }, { price: 0.1 }] },
      ],
      dynamic: { fallback: 0.4, import: { file: 'x.json', shape: 'octopus' } },
    });
    const book = {
      at: (time: number) =>
        time < day.from + 12 * 3_600_000
          ? { from: day.from, to: day.from + 12 * 3_600_000, price: 0 }
          : undefined,
      next: () => Number.POSITIVE_INFINITY,
    };
    const slices = createPricing(tariff, book).split(day.from, day.to);
    for (const columns of [60, 80, 200]) {
      const drawn = drawDay({ tariff, slices, day, now: day.from + 3_700_000 }, plain(columns));
      for (const line of drawn.split('\n').filter((text) => /^\d\d:\d\d/.test(text)))
        t.true(line.length <= columns, line);
      t.is(drawn.match(/^\d\d:\d\d /gm)?.length, 25, 'an hour with two prices has two lines');
      t.regex(drawn, /^01:00 -0\.100 +█+ +0\.050 night +◂ now$/m);
      t.regex(drawn, /^13:00 +0\.400\? +░+ +day$/m);
      t.regex(drawn, /^least -0\.100 from 00:00, most 0\.000 from 06:30/m);
      t.regex(drawn, /day: 0 up to 100 kWh, then 0\.1/);
      t.regex(drawn, /besides: 0\.5 EUR a day/);
      t.regex(drawn, /first missing from 12:00 on: the fallback 0\.4 stands in/);
    }
  },
);

test.serial(
  'a dynamic tariff is shown by what its source says, and by what the meter has kept',
  async (t) => {
    const cwd = temporaryFolder(t);
    const start = Date.parse('2026-10-25T00:00+02:00');
    const results = Array.from({ length: 50 }, (_, index) => ({
      value_inc_vat: index,
      valid_from: new Date(start + index * 1_800_000).toISOString(),
      valid_to: new Date(start + (index + 1) * 1_800_000).toISOString(),
    })).reverse();
    writeFileSync(join(cwd, 'prices.json'), JSON.stringify({ results, next: null }));
    const spot = (file: string) => ({
      name: 'spot',
      currency: 'EUR',
      zone: 'Europe/Berlin',
      periods: [{ name: 'all', price: 0.1 }],
      dynamic: { fallback: 9, import: { file, shape: 'octopus' } },
    });
    writeFileSync(join(cwd, 'spot.json'), JSON.stringify(spot('prices.json')));
    const shown = await runWattdog(
      t,
      ['tariff', 'show', '--day', '2026-10-25', '--tariff', 'spot.json', '--json'],
      { cwd },
    );
    t.is(shown.err, '');
    const slices = shown.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.is(slices.length, 50);
    t.deepEqual(slices[7], {
      from: '2026-10-25T02:30:00+01:00',
      to: '2026-10-25T03:00:00+01:00',
      price: 0.17,
      period: 'all',
    });

    writeFileSync(join(cwd, 'gone.json'), JSON.stringify(spot('gone-prices.json')));
    const gone = await runWattdog(t, ['tariff', 'show', '--day', '2026-10-25', '--tariff', 'gone.json'], {
      cwd,
    });
    t.is(gone.code, 0);
    t.regex(gone.err, /prices: reading prices from gone-prices.json: ENOENT/);
    t.regex(
      gone.out,
      /^\? not all prices are known yet, the first missing from 00:00 on: the fallback 9 stands in$/m,
    );
  },
);

realTest('script')('on a terminal it has colours and fits', async (t) => {
  const out = await onTerminal(t, ['tariff', 'show', '--day', '2026-07-01', '--tariff', 'sce-tou-d-a'], {
    columns: 70,
  });
  t.true(out.includes('\u001b[31m'));
  for (const line of stripVTControlCharacters(out).split(/\r?\n/).slice(1)) t.true(line.length <= 70, line);
});

test.serial('import prints what show and the settings take, its notes apart', async (t) => {
  const cwd = temporaryFolder(t);
  const rate = readFileSync(join(import.meta.dirname, '../../meter/tariff/urdb/tou-tiers.json'), 'utf8');
  writeFileSync(join(cwd, 'rate.json'), rate);
  const { code, out } = await runWattdog(
    t,
    ['tariff', 'import', 'rate.json', '--zone', 'America/Los_Angeles', '--name', 'mine'],
    { cwd },
  );
  t.is(code, 0);
  t.is(parse(out).name, 'mine');
  t.notThrows(() => tariffSchema.parse(parse(out)));
  writeFileSync(join(cwd, 'mine.yaml'), out);
  const shown = await runWattdog(t, ['tariff', 'show', '--tariff', 'mine.yaml', '--day', '2026-07-01'], {
    cwd,
  });
  t.regex(shown.out, /^mine: Wednesday/);
  const piped = await runWattdog(t, ['tariff', 'import', '-'], { cwd, input: rate });
  t.regex(piped.err, /the zone is this machine’s/);
  t.is(piped.code, 0);
});

test.serial('list names the tariffs that are shipped, each of which show takes', async (t) => {
  const { code, out } = await runWattdog(t, ['tariff', 'list']);
  t.is(code, 0);
  t.is((await runWattdog(t, ['tariff'])).out, out);
  t.regex(out, /^sce-tou-d-a +SCE TOU-D-A +USD +America\/Los_Angeles +6$/m);
  const json = await runWattdog(t, ['tariff', 'list', '--json']);
  const rows = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.like(rows[0], { name: 'sce-tou-d-a', currency: 'USD', periods: 6 });
  for (const { name } of rows) t.is((await runWattdog(t, ['tariff', 'show', '--tariff', name])).code, 0);
});

for (const [args, code, words] of [
  [['tariff', 'list', '--day', 'today'], 2, /its options are --json, got --day/],
  [['tariff', 'show', '--tariff', 'bed.json'], 2, /got bed.json; did you mean bad.json\?/],
  [['tariff', 'show', '--tariff', './bed.json'], 2, /got .\/bed.json; did you mean .\/bad.json\?/],
  [['tariff', 'sho'], 2, /got sho; did you mean show\?/],
  [['tariff', 'show', 'me'], 2, /got me/],
  [['tariff', 'show', '--day', '2026-02-30', '--tariff', 'sce-tou-d-a'], 2, /--day must be a day/],
  [['tariff', 'show', '--meter', 'cellar'], 2, /--meter must be one of the settings’ meters \(main\)/],
  [['tariff', 'import'], 2, /must name a file/],
  [['tariff', 'import', 'none.json'], 1, /must be readable, got none.json/],
  [['tariff', 'import', 'bad.json', '--zone', 'UTC'], 1, /bad.json must be JSON/],
  [['tariff', 'import', 'bad.json', '--zone', 'Mars/Base'], 2, /--zone must be an IANA time zone/],
] as [string[], number, RegExp][])
  test.serial(`refused: ${args.join(' ')}`, async (t) => {
    const cwd = temporaryFolder(t);
    writeFileSync(join(cwd, 'bad.json'), '{');
    const { code: ended, err } = await runWattdog(t, args, { cwd });
    t.is(ended, code, err);
    t.regex(err, words);
  });
