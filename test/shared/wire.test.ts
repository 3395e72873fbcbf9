import test from 'ava';
import fc from 'fast-check';
import { DropError, reason } from '../../shared/errors.ts';
import {
  BACKLOG_BATCH,
  decodeBacklog,
  decodeProfile,
  decodeReading,
  decodeWatermark,
  LARGEST_PAYLOAD,
  meterName,
  meterOfReadings,
  meterTopics,
} from '../../shared/wire.ts';
import { testReading } from '../support/readings.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value));
const withText = (key: string, json: string) =>
  Buffer.from(JSON.stringify({ ...testReading(), [key]: 'HERE' }).replace('"HERE"', json));

const amount = fc.double({ noNaN: true, noDefaultInfinity: true });
const reading = fc
  .record({
    seq: fc.integer({ min: 1, max: 2 ** 30 }),
    power: amount,
    energy: amount,
    cost: amount,
    current_1: amount,
  })
  .map(({ seq, ...changes }) => testReading(seq, changes));

test('what is written is read again unchanged', (t) => {
  fc.assert(
    fc.property(fc.array(reading, { minLength: 1, maxLength: 20 }), (readings) => {
      t.deepEqual(decodeBacklog(encode(readings)), JSON.parse(JSON.stringify(readings)));
      for (const one of readings) t.deepEqual(decodeReading(encode(one)), JSON.parse(JSON.stringify(one)));
    }),
  );
  const watermark = { epoch: 'e-1', seq: 0 };
  t.deepEqual(decodeWatermark(encode(watermark)), watermark);
});

test('a field that a newer meter adds is kept', (t) => {
  t.like(decodeReading(encode({ ...testReading(), frequency: 60 })), { frequency: 60 });
});

test('a full backlog message of readings of three phases with all there is, is within the largest payload', (t) => {
  const numbered = (name: string, count: number, value: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}_${index + 1}`, value]));
  const long = testReading(1, {
    seq: Number.MAX_SAFE_INTEGER,
    ...numbered('current', 3, -123.456),
    ...numbered('voltage', 3, 230.12),
    ...numbered('power', 3, -12345.67),
    ...numbered('register_import', 4, 123456.789),
    ...numbered('register_export', 4, 123456.789),
    register_import: 123456.789,
    register_export: 123456.789,
    frequency: 49.987,
    power_factor: -0.987,
    reactive_power: -12345.67,
    gas: 123456.789,
    water: 123456.789,
    epoch: 'e'.repeat(64),
    tariff: 't'.repeat(64),
    energy: 123456.789012345,
    export_energy: 123456.789012345,
    interval_export_energy: 0.123456789,
    cost: -123456.789012345,
    credit: 123456.789012345,
    interval_credit: 0.123456789,
    export_price: -0.12345,
    fixed_cost: 12345.123456789,
    cost_correction: -1.123456789,
    credit_correction: -1.123456789,
    estimated_energy: 12.123456789,
    estimated_cost: 12.123456789,
  });
  t.deepEqual(decodeReading(encode(long)), long);
  t.true(encode(Array(BACKLOG_BATCH).fill(long)).length < LARGEST_PAYLOAD);
});

const wrong: [name: string, payload: Uint8Array, message: RegExp][] = [
  ['nothing', Buffer.alloc(0), /0 bytes: must be JSON in UTF-8, got ""/],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), /4 bytes: must be JSON in UTF-8, got ".*�/],
  ['not JSON', Buffer.from('12.3 4.5\r\n'), /must be JSON in UTF-8, got "12.3 4.5\\r\\n"/],
  ['cut off', encode(testReading()).subarray(0, 100), /must be JSON in UTF-8/],
  ['a number', encode(42), /decoding a payload: .*expected object.*, got 42/],
  ['null', encode(null), /decoding a payload: .*expected object.*, got null/],
  ['an array', encode([testReading()]), /decoding a payload: .*expected object/],
  ['an empty object', encode({}), /time: .*expected string.*, got nothing/],
  [
    'a number as text',
    encode(testReading(1, { power: '5' as never })),
    /power: .*expected number.*, got "5"/,
  ],
  ['NaN', withText('power', 'NaN'), /must be JSON/],
  ['null for a number', withText('power', 'null'), /power: .*expected number.*, got null/],
  ['infinite', withText('energy', '1e999'), /energy: .*number/],
  ['a negative interval', encode(testReading(1, { interval: -1 })), /interval: .*>=0, got -1/],
  ['seq 0', encode(testReading(0)), /seq: .*>=1, got 0/],
  ['a broken seq', encode(testReading(1.5)), /seq: .*got 1.5/],
  ['a seq beyond counting', encode(testReading(1, { seq: 2 ** 53 })), /seq: .*got 9007199254740992/],
  [
    'a local time',
    encode(testReading(1, { time: '2026-01-15T12:00:00+01:00' })),
    /time: .*got "2026-01-15T12/,
  ],
  [
    'a day that never was',
    encode(testReading(1, { time: '2026-02-30T12:00:00Z' })),
    /time: .*got "2026-02-30/,
  ],
  ['an epoch with a space', encode(testReading(1, { epoch: 'a b' })), /epoch: must be .*, got "a b"/],
  ['an endless tariff', encode(testReading(1, { tariff: 'x'.repeat(65) })), /tariff: .*<=64.*, got "xxx/],
  [
    'an unknown quality',
    encode(testReading(1, { quality: 'good' as never })),
    /quality: .*"measured".*, got "good"/,
  ],
  [
    'a phase as text',
    encode(testReading(1, { current_1: '1' as never })),
    /current_1: must be a number, got "1"/,
  ],
  ['an infinite phase', withText('voltage_12', '1e999'), /voltage_12: must be a number/],
  ['a phase that is missing', withText('current_2', 'null'), /current_2: must be a number, got null/],
  ['a power of a phase as text', withText('power_1', '"1"'), /power_1: must be a number, got "1"/],
  ['a register as text', withText('register_import', '"7"'), /register_import: must be a number, got "7"/],
  ['a rate that is missing', withText('register_export_2', 'null'), /register_export_2: must be a number/],
  ['a gas meter that burst', withText('gas', '1e999'), /gas: must be a number/],
  ['export that is missing', withText('export_energy', 'null'), /export_energy: .*number.*, got null/],
  ['a credit as text', withText('credit', '"1"'), /credit: .*expected number.*, got "1"/],
  ['a correction as text', withText('cost_correction', '"1"'), /cost_correction: .*expected number/],
];

for (const [name, payload, message] of wrong)
  test(`a reading that is ${name} is dropped, with the rule and the value`, (t) => {
    const error = t.throws(() => decodeReading(payload), { instanceOf: DropError });
    t.regex(reason(error), message);
  });

test('what is received is quoted in brief', (t) => {
  const error = t.throws(() => decodeReading(encode({ time: 'x'.repeat(1e6) })), { instanceOf: DropError });
  t.true(reason(error).length < 300);
  const text = t.throws(() => decodeReading(Buffer.alloc(1e6, 'x')), { instanceOf: DropError });
  t.true(reason(text).length < 300);
});

test('a backlog names the reading that is wrong, and has a size', (t) => {
  const [good, bad] = [testReading(1), { ...testReading(2), cost: 'much' }];
  t.throws(() => decodeBacklog(encode([good, bad])), { message: /1\.cost: .*expected number.*, got "much"/ });
  t.throws(() => decodeBacklog(encode([])), { instanceOf: DropError, message: />=1/ });
  t.throws(() => decodeBacklog(encode(Array(BACKLOG_BATCH + 1).fill(good))), { message: /<=500/ });
  t.throws(() => decodeBacklog(encode(good)), { message: /expected array/ });
});

test('a watermark is nothing but epoch and seq', (t) => {
  for (const value of [
    { epoch: 'e', seq: -1 },
    { epoch: 'e', seq: '1' },
    { epoch: 'e' },
    { epoch: 'e', seq: 1, x: 1 },
    7,
  ])
    t.throws(() => decodeWatermark(encode(value)), { instanceOf: DropError });
});

test('no bytes at all make a decoder throw anything but DropError, or let a time through that is none', (t) => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .tuple(fc.constantFrom(...Object.keys(testReading())), fc.jsonValue())
      .map(([key, value]) => encode({ ...testReading(), [key]: value })),
    fc.date().map((date) => encode({ ...testReading(), time: date })),
  );
  fc.assert(
    fc.property(anything, (payload) => {
      for (const decode of [decodeReading, decodeBacklog, decodeWatermark]) {
        try {
          decode(payload);
          if (decode === decodeReading) t.true(Number.isFinite(Date.parse(decodeReading(payload).time)));
        } catch (error) {
          t.true(error instanceof DropError);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('a meter’s name can stand in a topic, a file name and a tag', (t) => {
  for (const name of ['main', '0', 'a-b_c', 'x'.repeat(63)]) t.true(meterName.safeParse(name).success, name);
  for (const name of ['', 'Main', '-a', 'a/b', 'a b', '+', '#', '..', 'ä', 'x'.repeat(64), 'main\n', 'agent'])
    t.false(meterName.safeParse(name).success, name);
  t.is(meterTopics('main').backlog, 'wattdog/main/backlog');
  t.is(new Set(Object.values(meterTopics('main'))).size, 9);
});

test('only a reading topic of one meter names a meter', (t) => {
  t.is(meterOfReadings('wattdog/main/reading'), 'main');
  for (const topic of [
    'wattdog/+/reading',
    'wattdog/main/backlog',
    'zigbee2mqtt/main/reading',
    'wattdog',
    '',
  ])
    t.is(meterOfReadings(topic), undefined, topic);
});

test('a reading of a meter that knows less, or feeds out, is one as well', (t) => {
  const { apparent_power: _, ...bare } = testReading(1, {
    power: -1500,
    price: -0.02,
    interval_cost: -0.001,
    cost: -3,
  });
  t.deepEqual(decodeReading(encode(bare)), bare);
});

test('a profile lists fields that not every meter has, and no others', (t) => {
  const profile = {
    version: '0.2.0',
    installation: 'here',
    meters: ['main'],
    port: '/dev/ttyUSB0',
    decoder: 'dsmr',
    simulated: false,
    fields: ['current_1', 'power_12', 'register_import', 'register_export_2', 'export_energy', 'gas'],
    power_basis: 'measured',
    currency: 'EUR',
    tariff: 'flat',
    periods: [{ name: 'all day', price: 0.3 }],
  };
  t.deepEqual(decodeProfile(encode(profile)), profile);
  for (const field of ['energy', 'power', 'current_123', 'register_import_', 'gap_energy', ''])
    t.throws(() => decodeProfile(encode({ ...profile, fields: [field] })), {
      instanceOf: DropError,
      message: /fields\.0: must be such as current_1/,
    });
});
