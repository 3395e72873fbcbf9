import test from 'ava';
import { parsePrices } from '../../../../meter/tariff/dynamic/parse.ts';
import { dynamic, type PriceSource } from '../../../../shared/settings/dynamic.ts';

const HOUR = 3_600_000;

function source(settings: object): PriceSource {
  const parsed = dynamic.parse({ fallback: 0, import: { file: 'x.json', ...settings } });
  if (parsed.import === undefined) throw new Error('no source');
  return parsed.import;
}

function parse(document: unknown, settings: object, currency = 'EUR') {
  const { entries, problems } = parsePrices(document, source(settings), { zone: 'Europe/Berlin', currency });
  const shown = entries.map(({ from, to, price }) => [iso(from), iso(to), Math.round(price * 1e8) / 1e8]);
  return { entries: shown, problems };
}

const iso = (time: number) =>
  time === 8.64e15 ? 'open' : new Date(time).toISOString().replace(':00.000', '');

test('octopus: newest first, pence with VAT, an open end, direct debit', (t) => {
  const rate = (
    value_inc_vat: number,
    valid_from: string,
    valid_to: string | null,
    payment_method: string | null = null,
  ) => ({
    value_exc_vat: value_inc_vat / 1.05,
    value_inc_vat,
    valid_from,
    valid_to,
    payment_method,
  });
  const answer = {
    count: 3,
    next: null,
    previous: null,
    results: [
      rate(24.3, '2026-11-01T01:00:00Z', null),
      rate(-1.5, '2026-11-01T00:30:00Z', '2026-11-01T01:00:00Z'),
      rate(20, '2026-11-01T01:00:00+01:00', '2026-11-01T01:30:00+01:00'),
    ],
  };
  t.deepEqual(parse(answer, { shape: 'octopus' }), {
    entries: [
      ['2026-11-01T00:00Z', '2026-11-01T00:30Z', 0.2],
      ['2026-11-01T00:30Z', '2026-11-01T01:00Z', -0.015],
      ['2026-11-01T01:00Z', 'open', 0.243],
    ],
    problems: [],
  });
  const twice = {
    results: [
      rate(26, '2026-10-01T00:00:00Z', null, 'NON_DIRECT_DEBIT'),
      rate(24, '2026-10-01T00:00:00Z', null, 'DIRECT_DEBIT'),
    ],
  };
  t.deepEqual(parse(twice, { shape: 'octopus' }), {
    entries: [['2026-10-01T00:00Z', 'open', 0.24]],
    problems: [],
  });
});

test('tibber: hours and quarters of the first home with prices, each until the next', (t) => {
  const hour = (total: number, startsAt: string) => ({
    total,
    energy: total / 1.25,
    tax: total / 5,
    startsAt,
    currency: 'NOK',
  });
  const answer = {
    data: {
      viewer: {
        homes: [
          { id: 'cabin', currentSubscription: null },
          {
            id: 'house',
            currentSubscription: {
              priceInfo: {
                current: hour(9, '2026-10-25T00:00:00.000+02:00'),
                today: [hour(1, '2026-10-25T02:00:00.000+02:00'), hour(2, '2026-10-25T02:00:00.000+01:00')],
                tomorrow: [
                  hour(3, '2026-10-25T05:00:00.000+01:00'),
                  hour(4, '2026-10-25T05:15:00.000+01:00'),
                ],
              },
            },
          },
        ],
      },
    },
  };
  t.deepEqual(parse(answer, { shape: 'tibber' }, 'NOK'), {
    entries: [
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z', 1],
      // Two hours are missing before the next: no price is not the last price.
      ['2026-10-25T01:00Z', '2026-10-25T02:00Z', 2],
      ['2026-10-25T04:00Z', '2026-10-25T04:15Z', 3],
      ['2026-10-25T04:15Z', '2026-10-25T04:30Z', 4],
    ],
    problems: [],
  });
  t.deepEqual(parse(answer, { shape: 'tibber' }).problems, [
    'prices should be in the tariff’s currency EUR, got NOK',
  ]);
  t.regex(
    parse({ errors: [{ message: 'No token' }], data: null }, { shape: 'tibber' }).problems.join(),
    /Tibber says "No token"/,
  );
});

test('nordpool: one area, per MWh, quarter hours', (t) => {
  const quarter = (deliveryStart: string, deliveryEnd: string, price: number) => ({
    deliveryStart,
    deliveryEnd,
    entryPerArea: { NO1: price, SE3: 1 },
  });
  const answer = {
    deliveryDateCET: '2026-11-01',
    version: 3,
    market: 'DayAhead',
    currency: 'EUR',
    multiAreaEntries: [
      quarter('2026-10-31T23:00:00Z', '2026-10-31T23:15:00Z', 123.45),
      quarter('2026-10-31T23:15:00Z', '2026-10-31T23:30:00Z', -5.01),
    ],
  };
  t.deepEqual(parse(answer, { shape: 'nordpool', area: 'NO1', add: 0.02 }), {
    entries: [
      ['2026-10-31T23:00Z', '2026-10-31T23:15Z', 0.14345],
      ['2026-10-31T23:15Z', '2026-10-31T23:30Z', 0.01499],
    ],
    problems: [],
  });
  t.deepEqual(parse(answer, { shape: 'nordpool', area: 'NO9' }), {
    entries: [],
    problems: ['the area must be one of NO1, SE3, got NO9'],
  });
});

test('nordpool: the pages before the data portal, in Central European Time, an hour of autumn twice', (t) => {
  const row = (start: string, end: string, Value: string, IsExtraRow = false) => ({
    StartTime: start,
    EndTime: end,
    IsExtraRow,
    Columns: [
      { Name: 'SE3', Value: '1,00' },
      { Name: 'NO1', Value },
    ],
  });
  const Rows = [
    row('2023-10-29T02:00:00', '2023-10-29T03:00:00', '1 234,56'),
    row('2023-10-29T02:00:00', '2023-10-29T03:00:00', '-0,50'),
    row('2023-10-29T03:00:00', '2023-10-29T04:00:00', '-'),
    row('2023-10-29T00:00:00', '2023-10-30T00:00:00', '99,00', true),
  ];
  t.deepEqual(parse({ data: { Rows } }, { shape: 'nordpool', area: 'NO1' }), {
    entries: [
      ['2023-10-29T00:00Z', '2023-10-29T01:00Z', 1.23456],
      ['2023-10-29T01:00Z', '2023-10-29T02:00Z', -0.0005],
    ],
    problems: [],
  });
});

test('generic: paths, epochs, texts, columns, names as times', (t) => {
  const expected = [
    ['2026-11-01T00:00Z', '2026-11-01T01:00Z', 0.25],
    ['2026-11-01T01:00Z', '2026-11-01T02:00Z', -0.01],
  ];
  const at = Date.UTC(2026, 10, 1);
  const mapping = { list: 'data.prices', from: 'time.start', price: 'value.0' };
  const list = (first: unknown, second: unknown) => ({
    data: {
      prices: [
        { time: { start: second }, value: ['-0.01'] },
        { time: { start: first }, value: ['0,25'] },
      ],
    },
  });
  for (const [first, second] of [
    [at, at + HOUR],
    [at / 1000, at / 1000 + 3600],
    [String(at / 1000), String(at / 1000 + 3600)],
    ['2026-11-01T00:00:00Z', '2026-11-01T01:00:00Z'],
    ['2026-11-01T01:00+0100', '2026-11-01T03:00:00.000+02:00'],
    // Local times of the tariff's zone.
    ['2026-11-01T01:00', '2026-11-01 02:00:00'],
  ])
    t.deepEqual(
      parse(list(first, second), { shape: 'generic', mapping }),
      { entries: expected, problems: [] },
      `${first}`,
    );
  const columns = { unix_seconds: [at / 1000, at / 1000 + 3600], price: [0.25, -0.01] };
  t.deepEqual(
    parse(columns, { shape: 'generic', mapping: { from: 'unix_seconds', price: 'price' } }).entries,
    expected,
  );
  const pairs = { rates: { '2026-11-01T00:00Z': 0.25, '2026-11-01T01:00Z': -0.01 } };
  t.deepEqual(
    parse(pairs, { shape: 'generic', mapping: { list: 'rates', from: 'key', price: 'value' } }).entries,
    expected,
  );
  t.deepEqual(
    parse(
      [
        [at, 0.25],
        [at + HOUR, -0.01],
      ],
      { shape: 'generic', mapping: { from: '0', price: '1' } },
    ).entries,
    expected,
  );
});

for (const [day, quarters] of [
  ['2026-03-29', 92],
  ['2026-10-25', 100],
  ['2026-11-01', 96],
] as const) {
  for (const order of ['ascending', 'descending'])
    test(`generic: the ${quarters} local quarter hours of ${day} without a zone, ${order}`, (t) => {
      const zone = 'Europe/Berlin';
      const offset = day === '2026-11-01' ? '+01:00' : day === '2026-03-29' ? '+01:00' : '+02:00';
      const start = Date.parse(`${day}T00:00${offset}`);
      const local = (time: number) =>
        new Date(time).toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T');
      const rows = Array.from({ length: quarters }, (_, index) => ({
        from: local(start + index * 900_000),
        to: local(start + (index + 1) * 900_000),
        price: index,
      }));
      if (order === 'descending') rows.reverse();
      for (const to of ['to', undefined]) {
        const mapping = { from: 'from', price: 'price', ...(to ? { to } : {}) };
        const { entries, problems } = parsePrices(rows, source({ shape: 'generic', mapping, zone }), {
          zone: 'Asia/Tokyo',
          currency: 'EUR',
        });
        t.deepEqual(problems, []);
        t.deepEqual(
          entries,
          rows.map((_, index) => ({
            from: start + index * 900_000,
            to: start + (index + 1) * 900_000,
            price: index,
          })),
        );
      }
    });
}

test('what cannot be a price is left out and named; the rest counts', (t) => {
  const mapping = { from: 'from', to: 'to', price: 'price' };
  const rows = [
    { from: '2026-11-01T00:00Z', to: '2026-11-01T01:00Z', price: 'NaN' },
    { from: '2026-11-01T01:00Z', to: '2026-11-01T02:00Z', price: 1e12 },
    { from: '2026-11-01T02:00Z', to: '2026-11-01T02:00Z', price: 1 },
    { from: 'soon', to: '2026-11-01T02:00Z', price: 1 },
    { from: '2026-11-01T03:00Z', to: 'later', price: 1 },
    { from: 3, to: 4, price: 1 },
    null,
    { from: '2026-11-01T04:00Z', to: '2026-11-01T05:00Z', price: 0.5 },
  ];
  const { entries, problems } = parse(rows, { shape: 'generic', mapping });
  t.deepEqual(entries, [['2026-11-01T04:00Z', '2026-11-01T05:00Z', 0.5]]);
  t.regex(problems[0] ?? '', /must have a number as its price, got .*NaN/);
  t.regex(problems[1] ?? '', /must be less than a million/);
  t.regex(problems[2] ?? '', /must end after its start/);
  t.is(problems.at(-1), 'and 2 more');
});

test('of entries that overlap the later ones count, and what they leave of the others stays', (t) => {
  const mapping = { from: 'from', to: 'to', price: 'price' };
  const hour = (from: number, to: number, price: number) => ({
    from: Date.UTC(2026, 10, 1, from),
    to: Date.UTC(2026, 10, 1, to),
    price,
  });
  const { entries, problems } = parse([hour(0, 10, 1), hour(3, 4, 2), hour(3, 4, 2), hour(6, 7, 3)], {
    shape: 'generic',
    mapping,
  });
  t.deepEqual(
    entries.map(([from, to, price]) => [String(from).slice(11, 13), String(to).slice(11, 13), price]),
    [
      ['00', '03', 1],
      ['03', '04', 2],
      ['04', '06', 1],
      ['06', '07', 3],
      ['07', '10', 1],
    ],
  );
  t.is(problems.length, 1);
});

for (const garbage of [
  null,
  1,
  'text',
  [],
  {},
  { results: 1 },
  { data: { viewer: { homes: [1, null] } } },
  { multiAreaEntries: [null, {}] },
])
  test(`no document makes a parser throw: ${JSON.stringify(garbage)}`, (t) => {
    const shapes = [
      { shape: 'octopus' },
      { shape: 'tibber' },
      { shape: 'nordpool', area: 'NO1' },
      { shape: 'generic', mapping: { from: 'from', price: 'price' } },
    ];
    for (const shape of shapes) t.deepEqual(parse(garbage, shape).entries, []);
  });

test('generic: several lists, one of which is not there yet', (t) => {
  const hour = (start: string, value: number) => ({ start, end: start.replace(':00+', ':59:59+'), value });
  const mapping = {
    list: ['attributes.raw_today', 'attributes.raw_tomorrow'],
    from: 'start',
    to: 'end',
    price: 'value',
  };
  const today = [hour('2026-11-01T22:00+01:00', 0.31), hour('2026-11-01T23:00+01:00', 0.29)];
  const expected = [
    ['2026-11-01T21:00Z', '2026-11-01T22:00Z', 0.31],
    ['2026-11-01T22:00Z', '2026-11-01T23:00Z', 0.29],
  ];
  for (const raw_tomorrow of [undefined, null, []])
    t.deepEqual(parse({ attributes: { raw_today: today, raw_tomorrow } }, { shape: 'generic', mapping }), {
      entries: expected,
      problems: [],
    });
  const both = { attributes: { raw_today: today, raw_tomorrow: [hour('2026-11-02T00:00+01:00', -0.02)] } };
  t.deepEqual(parse(both, { shape: 'generic', mapping }).entries, [
    ...expected,
    ['2026-11-01T23:00Z', '2026-11-02T00:00Z', -0.02],
  ]);
  t.regex(
    parse({ state: 'unavailable' }, { shape: 'generic', mapping }).problems.join(),
    /attributes\.raw_today or attributes\.raw_tomorrow must be a list of prices, got/,
  );
});

test('generic: entries of one kind only, from a second past the minute', (t) => {
  const entry = (channelType: string, from: string, to: string, perKwh: number) => ({
    channelType,
    startTime: `2026-10-03T${from}Z`,
    endTime: `2026-10-03T${to}Z`,
    perKwh,
  });
  const answer = [
    entry('general', '15:30:01', '16:00:00', 31.4),
    entry('feedIn', '15:30:01', '16:00:00', -4.2),
    entry('general', '16:00:01', '16:30:00', -2.5),
    entry('feedIn', '16:00:01', '16:30:00', 1.1),
  ];
  const of = (channelType: string, multiply: number) =>
    parse(answer, {
      shape: 'generic',
      multiply,
      mapping: { only: { channelType }, from: 'startTime', to: 'endTime', price: 'perKwh' },
    });
  const hours = (first: number, second: number) => ({
    entries: [
      ['2026-10-03T15:30Z', '2026-10-03T16:00Z', first],
      ['2026-10-03T16:00Z', '2026-10-03T16:30Z', second],
    ],
    problems: [],
  });
  t.deepEqual(of('general', 0.01), hours(0.314, -0.025));
  t.deepEqual(of('feedIn', -0.01), hours(0.042, -0.011));
  t.regex(
    of('controlledLoad', 0.01).problems.join(),
    /an entry must have \{"channelType":"controlledLoad"\}, got \{"channelType":"general"/,
  );
});

test('prices carry no noise of binary fractions', (t) => {
  const rows = [{ from: '2026-11-01T00:00Z', price: 20 }];
  const mapping = { from: 'from', price: 'price' };
  const { entries } = parsePrices(rows, source({ shape: 'generic', mapping, multiply: 0.01, add: 0.1 }), {
    zone: 'UTC',
    currency: 'EUR',
  });
  t.is(entries[0]?.price, 0.3);
});

test('a price that is null is none yet, no fault, and the entry before it does not last over it', (t) => {
  const at = Date.UTC(2026, 10, 1);
  const series = [10, null, 30, 'n/a', 50, null, null].map((price, index) => [at + index * HOUR, price]);
  const { entries, problems } = parse(
    { series },
    {
      shape: 'generic',
      mapping: { list: 'series', from: '0', price: '1' },
    },
  );
  t.deepEqual(
    entries.map(([from, to, price]) => [String(from).slice(11, 13), String(to).slice(11, 13), price]),
    [
      ['00', '01', 10],
      ['02', '03', 30],
      ['04', '05', 50],
    ],
  );
  t.is(problems.length, 1);
  t.regex(problems[0] ?? '', /number as its price, got .*n\/a/);
});

test('nordpool: the indices of the data portal too; tibber: a range of edges', (t) => {
  const multiIndexEntries = [
    { deliveryStart: '2026-11-01T00:00:00Z', deliveryEnd: '2026-11-01T01:00:00Z', entryPerArea: { FI: 87 } },
    {
      deliveryStart: '2026-11-01T01:00:00Z',
      deliveryEnd: '2026-11-01T02:00:00Z',
      entryPerArea: { FI: null },
    },
  ];
  t.deepEqual(parse({ currency: 'EUR', multiIndexEntries }, { shape: 'nordpool', area: 'FI' }), {
    entries: [['2026-11-01T00:00Z', '2026-11-01T01:00Z', 0.087]],
    problems: [],
  });
  const edges = [
    { node: { total: 0.21, startsAt: '2026-11-01T01:00:00+01:00' } },
    { node: { total: 0.19, startsAt: '2026-11-01T01:15:00+01:00' } },
  ];
  const home = { currentSubscription: { priceInfo: null, priceInfoRange: { edges } } };
  t.deepEqual(parse({ data: { viewer: { home } } }, { shape: 'tibber' }), {
    entries: [
      ['2026-11-01T00:00Z', '2026-11-01T00:15Z', 0.21],
      ['2026-11-01T00:15Z', '2026-11-01T00:30Z', 0.19],
    ],
    problems: [],
  });
});
