import test from 'ava';
import type { Sample } from '../../meter/decoders/decoder.ts';
import { decoderOptions } from '../../meter/line.ts';
import { shareOf } from '../../meter/share.ts';
import { metersOf } from '../../shared/settings/meters.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';

/** Meters of one port. */
const read = (meter: object, ...meters: object[]) =>
  metersOf(
    settingsSchema.parse({
      meter: { port: '/dev/x', ...meter },
      meters: meters.map((own, index) => ({ name: `m${index}`, ...own })),
    }),
  );
const shares = (sample: Sample, meter: object, ...meters: object[]) =>
  read(meter, ...meters).map((each) => shareOf(sample, each));

const DEVICE: Sample = {
  device: '4711',
  frequency: 50,
  power: 600,
  registers: { import: 9 },
  phases: [{ current: 1, power: 100 }, { energy: 3 }, { power: 500 }],
};

test('one meter alone is given all that its device tells', (t) => {
  t.deepEqual(shares(DEVICE, { decoder: 'emontx' }), [DEVICE]);
});

test('one that picks channels has those, in its own order, and nothing that is told of all', (t) => {
  const [whole, two, one] = shares(
    DEVICE,
    { decoder: 'emontx' },
    {},
    { channels: [3, 1] },
    { channels: [2] },
  );
  t.is(whole, DEVICE);
  t.deepEqual(two, {
    device: '4711',
    frequency: 50,
    phases: [{ power: 500 }, { current: 1, power: 100 }],
  });
  t.deepEqual(one?.phases, [{ energy: 3 }]);
});

test('channels that are not told make no sample', (t) => {
  t.deepEqual(shares({ phases: [], power: 7 }, { decoder: 'emontx' }, { channels: [1] }), [undefined]);
  t.deepEqual(shares({ phases: [{}, { power: 7 }] }, { decoder: 'emontx' }, { channels: [1] }), [undefined]);
});

test('what our firmware counts is picked like its currents', (t) => {
  const counter = { boot: 1, seq: 2, meteredMs: 3, ampereSeconds: [10, 20] };
  const sample: Sample = { phases: [{ current: 1 }, { current: 2 }], counter };
  const [first, second] = shares(sample, { decoder: 'panel' }, { channels: [1] }, { channels: [2] });
  t.deepEqual(first?.counter, { ...counter, ampereSeconds: [10] });
  t.deepEqual(second, { phases: [{ current: 2 }], counter: { ...counter, ampereSeconds: [20] } });
});

test('each address of a bus is told of to its own meter', (t) => {
  const sample = (address: number): Sample => ({ address, phases: [{}], power: 5 });
  const bus = [{}, { address: 7 }];
  t.deepEqual(shares(sample(1), { decoder: 'pzem' }, ...bus), [sample(1), undefined]);
  t.deepEqual(shares(sample(7), { decoder: 'pzem' }, ...bus), [undefined, sample(7)]);
  t.deepEqual(shares(sample(9), { decoder: 'pzem' }, ...bus), [undefined, undefined]);
  t.deepEqual(shares(sample(9), { decoder: 'pzem', address: 248 }), [sample(9)], 'whoever is alone');
});

test('a line is decoded once, for all that is read from it', (t) => {
  const key = '00112233445566778899aabbccddeeff';
  const phases = (meter: object, ...meters: object[]) => decoderOptions(read(meter, ...meters), true).phases;
  t.is(phases({ decoder: 'amps', phases: [{}, {}, {}] }), 3);
  t.is(phases({ decoder: 'amps' }, { channels: [1] }, { channels: [4] }, { channels: [2, 3] }), 4);
  t.is(phases({ decoder: 'panel', channels: [1] }), 2);
  t.deepEqual(decoderOptions(read({ decoder: 'dsmr', key, max_current: 63 }), false), {
    phases: 2,
    maxCurrent: 63,
    atLineStart: false,
    checksum: 'warn',
    key: Buffer.from(key, 'hex'),
  });
});
