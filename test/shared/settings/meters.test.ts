import test from 'ava';
import { stringify } from 'yaml';
import { loadSettings } from '../../../shared/settings/load.ts';
import { metersOf } from '../../../shared/settings/meters.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';

const read = (input: object) => metersOf(settingsSchema.parse(input));
const issues = (input: object) =>
  (settingsSchema.safeParse(input).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
const load = (input: object, environment: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  loadSettings({
    file: { name: 'wattdog.yaml', text: stringify(input) },
    environment,
    flags,
    readFile: () => '',
  });

test('without a list there is one meter', (t) => {
  t.deepEqual(
    read({ meter: { name: 'attic' } }).map(({ name }) => name),
    ['attic'],
  );
});

test('what an entry leaves out is that of `meter`, and only then the default', (t) => {
  const meters = read({
    meter: { baud: 4800, silence: '20s', max_current: 63, tariff: 'x' },
    meters: [{ name: 'a', baud: 300 }, { name: 'b' }],
  });
  t.deepEqual(
    meters.map(({ baud, silence, max_current, tariff, port }) => [baud, silence, max_current, tariff, port]),
    [
      [300, 20_000, 63, 'x', 'simulated'],
      [4800, 20_000, 63, 'x', 'simulated'],
    ],
  );
});

test('what belongs to a format is left to meters of that format', (t) => {
  const [bus, sml, rest] = read({
    meter: {
      port: '/dev/x',
      decoder: 'pzem',
      poll: '5s',
      baud: 4800,
      address: 2,
      phases: [{ reversed: true }],
    },
    meters: [
      { name: 'a' },
      { name: 'b', port: '/dev/y', decoder: 'sml' },
      { name: 'rest', computed: { plus: ['b'], minus: ['a'] } },
    ],
  });
  t.like(bus, { poll: 5000, baud: 4800, address: 2, silence: 15_000 });
  t.like(sml, { baud: undefined, address: undefined, silence: 10_000 });
  t.is(sml?.poll, undefined);
  t.false(rest?.phases[0]?.reversed);
  const [asked, other] = read({
    meter: { port: '/dev/x', decoder: 'd0', poll: '60s', device_address: '00123', wake_up: true },
    meters: [{ name: 'a' }, { name: 'b', port: '/dev/y', decoder: 'pzem' }],
  });
  t.like(asked, { device_address: '00123', wake_up: true });
  t.like(other, { device_address: undefined, wake_up: false });
});

test('`meter` is no meter beside a list: what one must have, it need not', (t) => {
  t.deepEqual(issues({ meter: { port: '/dev/x' }, meters: [{ name: 'a', decoder: 'dsmr' }] }), []);
  t.deepEqual(issues({ meter: { decoder: 'dsmr' }, meters: [{ name: 'a', port: '/dev/x' }] }), []);
});

test('an entry that picks channels has their phases of the device', (t) => {
  const [one, other] = read({
    meter: { port: '/dev/x', decoder: 'emontx', phases: [{ voltage: 230 }, {}, { voltage: 231 }] },
    meters: [
      { name: 'a', channels: [3, 1] },
      { name: 'b', channels: [1], phases: [{ voltage: 9 }] },
    ],
  });
  t.deepEqual(
    one?.phases.map(({ voltage }) => voltage),
    [231, 230],
  );
  t.deepEqual(
    other?.phases.map(({ voltage }) => voltage),
    [9],
  );
});

test('silence and gaps fit the format, and how often a meter is asked', (t) => {
  const of = (meter: object) => {
    const { poll, silence, max_gap } = settingsSchema.parse({ meter: { port: '/dev/x', ...meter } }).meter;
    return [poll, silence, max_gap];
  };
  t.deepEqual(of({ decoder: 'amps' }), [undefined, 10_000, 10_000]);
  t.deepEqual(of({ decoder: 'dsmr' }), [undefined, 30_000, 30_000]);
  t.deepEqual(of({ decoder: 'pzem' }), [1000, 11_000, 12_000]);
  t.deepEqual(of({ decoder: 'd0', poll: '1m' }), [60_000, 90_000, 150_000]);
  t.deepEqual(of({ decoder: 'd0', poll: '1m', silence: '2m', max_gap: '3m' }), [60_000, 120_000, 180_000]);
});

const shared = { port: '/dev/x', decoder: 'pzem' };
const refused: [what: string, input: object, problem: RegExp][] = [
  ['two of one name', { meters: [{}, {}] }, /^meters\.1\.name: must differ .*, is main again$/],
  [
    'a real port without decoder',
    { meters: [{ name: 'a' }, { name: 'b', port: '/dev/x' }] },
    /^meters\.1\.decoder: .*never guessed$/,
  ],
  [
    'two of one port that cannot be told apart',
    { meter: { port: '/dev/x', decoder: 'dsmr' }, meters: [{ name: 'a' }, { name: 'b' }] },
    /^meters\.1\.channels: must differ from that of a, for both are read from \/dev\/x$/,
  ],
  [
    'two of one address, one by default',
    { meter: shared, meters: [{ name: 'a' }, { name: 'b', address: 1 }] },
    /^meters\.1\.address: must differ from that of a/,
  ],
  [
    'two of one port at two rates',
    { meter: shared, meters: [{ name: 'a' }, { name: 'b', address: 2, baud: 4800 }] },
    /^meters\.1\.baud: must be that of a, for both are read from \/dev\/x$/,
  ],
  [
    'an address where there are none',
    { meter: { port: '/dev/x', decoder: 'sml', address: 2 } },
    /^meter\.address: must be left out/,
  ],
  [
    'asking a meter that speaks by itself',
    { meter: { port: '/dev/x', decoder: 'sml', poll: '5s' } },
    /^meter\.poll: must be left out: meters of the format `sml` speak by themselves$/,
  ],
  ['asking without end', { meter: { ...shared, poll: '10ms' } }, /^meter\.poll: must be at least 100ms$/],
  [
    'a silence that asking makes by itself',
    { meter: { ...shared, poll: '1m', silence: '30s' } },
    /^meter\.silence: must be longer than poll/,
  ],
  [
    'a gap that asking makes by itself',
    { meter: { ...shared, poll: '1m', max_gap: '30s' } },
    /^meter\.max_gap: must be longer than poll/,
  ],
  [
    'channels without their phases',
    { meter: { port: '/dev/x', decoder: 'amps', channels: [1], phases: [{}, {}] } },
    /^meter\.phases: must have one entry for each of channels, 1, has 2$/,
  ],
  [
    'a channel that a panel has not',
    { meter: { channels: [3] } },
    /^meter\.channels: must be of 1 to 2 for the decoder `panel`$/,
  ],
  [
    'a simulated panel that never stops speaking',
    { meters: [{ name: 'a', simulated_cadence: '0s' }] },
    /^meters\.0\.simulated_cadence: must be more than 0s$/,
  ],
  ['no patience', { meter: { silence: '0s' } }, /^meter\.silence: must be more than 0s$/],
  [
    'a channel twice',
    { meter: { port: '/dev/x', decoder: 'amps', channels: [2, 1, 2] } },
    /^meter\.channels: must name each channel once, has 2, 1, 2$/,
  ],
  [
    'the same channels in another order',
    {
      meter: { port: '/dev/x', decoder: 'amps' },
      meters: [
        { name: 'a', channels: [1, 2] },
        { name: 'b', channels: [2, 1] },
      ],
    },
    /^meters\.1\.channels: must differ from that of a, for both are read from \/dev\/x$/,
  ],
  [
    'channels of a device that has but one',
    { meter: { ...shared, channels: [2] } },
    /^meter\.channels: must be left out: a device of the format `pzem` has but one$/,
  ],
  [
    'a fourth phase',
    { meter: { port: '/dev/x', decoder: 'sml', channels: [4] } },
    /^meter\.channels: must be of 1 to 3 for the decoder `sml`$/,
  ],
  [
    'a computed meter with a port of its own',
    { meters: [{ name: 'a' }, { name: 'rest', port: '/dev/x', computed: { plus: ['a'] } }] },
    /^meters\.1\.port: must be left out: a computed meter has none$/,
  ],
  [
    'a computed meter with an address',
    { meters: [{ name: 'a' }, { name: 'rest', address: 2, computed: { plus: ['a'] } }] },
    /^meters\.1\.address: must be left out: a computed meter is no device$/,
  ],
  [
    'a computed meter of strangers',
    { meters: [{ name: 'a' }, { name: 'rest', computed: { plus: ['a'], minus: ['car'] } }] },
    /^meters\.1\.computed: must name other meters of these settings, but there is no car$/,
  ],
  [
    'a computed meter of itself',
    {
      meters: [
        { name: 'a', computed: { plus: ['b'] } },
        { name: 'b', computed: { plus: ['c'] } },
        { name: 'c', computed: { plus: ['a'] } },
      ],
    },
    /^meters\.0\.computed: must not be made of itself, but a is$/,
  ],
  [
    'a member twice',
    { meters: [{ name: 'a' }, { name: 'rest', computed: { plus: ['a'], minus: ['a'] } }] },
    /^meters\.1\.computed: must name each meter once, has a, a$/,
  ],
];

for (const [what, input, problem] of refused)
  test(`refused: ${what}`, (t) => {
    const found = issues(input);
    t.true(
      found.some((issue) => problem.test(issue)),
      `${problem} in ${found.join('\n')}`,
    );
  });

test('of two formats on one port, nothing else is said', (t) => {
  const input = {
    meter: { port: '/dev/x' },
    meters: [
      { name: 'a', decoder: 'pzem' },
      { name: 'b', decoder: 'sml' },
    ],
  };
  t.deepEqual(issues(input), ['meters.1.decoder: must be that of a, for both are read from /dev/x']);
});

const accepted: [what: string, input: object][] = [
  ['any number of simulated ones', { meters: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }],
  ['several addresses of one bus', { meter: shared, meters: [{ name: 'a' }, { name: 'b', address: 2 }] }],
  [
    'a device and one of its channels',
    { meter: { port: '/dev/x', decoder: 'emontx' }, meters: [{ name: 'a' }, { name: 'b', channels: [2] }] },
  ],
  [
    'a computed meter, of another too, with the port of the defaults',
    {
      meter: shared,
      meters: [
        { name: 'rest', computed: { plus: ['grid'], minus: ['subs'] } },
        { name: 'grid' },
        { name: 'subs', computed: { plus: ['car', 'heat'] } },
        { name: 'car', address: 2 },
        { name: 'heat', address: 3 },
      ],
    },
  ],
];

for (const [what, input] of accepted) test(`accepted: ${what}`, (t) => t.deepEqual(issues(input), []));

test('entries come from the environment and from flags too, one by one', (t) => {
  const meters = metersOf(
    load(
      { meter: { decoder: 'pzem' }, meters: [{ name: 'a', port: '/dev/a' }] },
      {
        WATTDOG_METERS_0_PORT: '/dev/b',
        WATTDOG_METERS_1_NAME: 'b',
        WATTDOG_METERS_1_PORT: '/dev/b',
        WATTDOG_METERS_1_PHASES: '[{ voltage: 230 }]',
      },
      { 'meters.1.address': '7' },
    ),
  );
  t.like(meters[0], { name: 'a', port: '/dev/b', decoder: 'pzem' });
  t.like(meters[1], { name: 'b', port: '/dev/b', address: 7 });
  t.is(meters[1]?.phases[0]?.voltage, 230);
});

test('what is wrong in `meter` is said once, not again for each that has it from there', (t) => {
  const input = { meter: { silence: '10' }, meters: [{ name: 'a' }, { name: 'b', settle: 'x' }] };
  const { message } = t.throws(() => load(input)) ?? {};
  t.deepEqual((message?.match(/^ {2}\S+/gm) ?? []).toSorted(), ['  meter.silence', '  meters.1.settle']);
});
