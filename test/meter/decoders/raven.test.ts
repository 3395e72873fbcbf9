import test from 'ava';
import { decodeAll } from './decode.ts';
import { demand } from './golden/raven.ts';

const decode = (text: string) => decodeAll('raven', [Buffer.from(text)]);
const fragment = (name: string, fields: Record<string, string>) =>
  `<${name}>${Object.entries(fields)
    .map(([tag, value]) => `<${tag}>${value}</${tag}>`)
    .join('')}</${name}>`;

const METER = { MeterMacId: '0x00078100005A499F' };
const FACTOR = { Multiplier: '0x00000001', Divisor: '0x000003e8' };
const demanding = (fields: Record<string, string>) =>
  fragment('InstantaneousDemand', { ...METER, ...FACTOR, ...fields });
const summing = (fields: Record<string, string>, name = 'CurrentSummationDelivered') =>
  fragment(name, { ...METER, ...FACTOR, ...fields });
const pricing = (fields: Record<string, string>) => fragment('PriceCluster', { ...METER, ...fields });
const powers = (text: string) => decode(text).samples.map(({ power }) => power);
const lastOf = (text: string) => decode(text).samples.at(-1);

for (const [told, power] of [
  ['0x0001f4', 500],
  ['0x1f4', 500],
  ['0xfffc18', -1000],
  ['0xfffffc18', -1000],
  ['0xFFFFFC18', -1000],
  ['0xfffffffffffffc18', -1000],
  ['0x00fffc', 65_532],
  ['1234', 1234],
  ['-1000', -1000],
] as const)
  test(`demand ${told} is ${power} W`, (t) => {
    t.deepEqual(powers(demanding({ Demand: told })), [power]);
  });

test('demand is multiplied and divided, by 1 where that is 0', (t) => {
  t.deepEqual(
    powers(demanding({ Demand: '0x000005', Multiplier: '0x00000000', Divisor: '0x00000000' })),
    [5000],
  );
  t.deepEqual(powers(demanding({ Demand: '0x0001a7', Multiplier: '0x00000003' })), [1269]);
});

test('registers are a sample, and go with each demand of their meter as the newest price does', (t) => {
  const registers = summing({
    SummationDelivered: '0x0000000000002710',
    SummationReceived: '0x00000000000003e8',
  });
  const { samples } = decode(
    [
      demanding({ Demand: '0x1' }),
      registers,
      pricing({ Price: '0x000001e7', Currency: '0x0348', TrailingDigits: '0x04' }),
      demanding({ Demand: '0x2' }),
      summing({ SummationDelivered: '0x2711', SummationReceived: '0xffffffffffff' }, 'CurrentSummation'),
      demanding({ Demand: '0x3' }),
      demanding({ Demand: '0x4', MeterMacId: '0x01' }),
      pricing({ Price: '0xffffffff', TrailingDigits: '0x02' }),
      demanding({ Demand: '0x5' }),
    ].join('\r\n'),
  );
  const device = '00078100005a499f';
  t.deepEqual(samples, [
    { phases: [], power: 1, device },
    { phases: [], device, registers: { import: 10, export: 1 } },
    { phases: [], power: 2, device, registers: { import: 10, export: 1 }, price: 0.0487 },
    { phases: [], device, registers: { import: 10.001 }, price: 0.0487 },
    { phases: [], power: 3, device, registers: { import: 10.001 }, price: 0.0487 },
    { phases: [], power: 4, device: '01' },
    { phases: [], power: 5, device, registers: { import: 10.001 } },
  ]);
});

test('a price of 0 is how a device tells that it has none', (t) => {
  const price = (...told: string[]) =>
    decode(
      told.map((each) => pricing({ Price: each, TrailingDigits: '0x04' })).join('') +
        demanding({ Demand: '0x1' }),
    ).samples[0]?.price;
  t.is(price('0x00000001'), 0.0001);
  t.is(price('0x00000000'), undefined);
  t.is(price('0x000001e7', '0x00000000'), undefined, 'as of now');
});

test('what is not in kWh is no electricity', (t) => {
  for (const unit of ['0x00', '0x80']) {
    const told = demanding({ Demand: '0x1', UnitOfMeasure: unit });
    t.deepEqual(powers(told), [1], unit);
  }
  for (const UnitOfMeasure of ['0x01', '0x07', 'm3', ''])
    t.deepEqual(
      decode(
        demanding({ Demand: '0x1', UnitOfMeasure }) +
          summing({ SummationDelivered: '0x2710', UnitOfMeasure }),
      ),
      { samples: [], rejects: ['syntax', 'syntax'], remarks: [] },
    );
});

test('registers that the meter does not tell are none', (t) => {
  const { samples } = decode(
    summing({ SummationDelivered: '0xffffffffffff', SummationReceived: '0xffffffffffff' }) +
      demanding({ Demand: '0x1' }),
  );
  t.deepEqual(samples, [{ phases: [], power: 1, device: '00078100005a499f' }]);
});

test('registers older than an hour by the device’s clock are told no more', (t) => {
  const old = summing({ TimeStamp: '0x10000000', SummationDelivered: '0x2710' });
  const after = (seconds: number) =>
    lastOf(old + demanding({ TimeStamp: `0x${(0x10000000 + seconds).toString(16)}`, Demand: '0x1' }))
      ?.registers;
  t.deepEqual(after(3600), { import: 10 });
  t.is(after(3601), undefined);
  const unknown = lastOf(old + demanding({ TimeStamp: '0xffffffff', Demand: '0x1' }));
  t.deepEqual(unknown?.registers, { import: 10 }, 'no clock, no age');
});

test('fragments of other kinds, whole or torn, say nothing and cost nothing', (t) => {
  const text = [
    '<?xml version="1.0"?>',
    fragment('TimeCluster', { UTCTime: '0x1', LocalTime: '0x2' }),
    '<NetworkInfo><Status>Conn',
    fragment('MessageCluster', { Text: '', Id: '' }),
    '<BlockPriceDetail/>',
    demanding({ Demand: '0x1' }),
    '<Warning><Text>Unknown command</Text></Warning>',
  ].join('\n');
  t.deepEqual(decode(text), { ...decode(demanding({ Demand: '0x1' })), rejects: [], remarks: [] });
});

for (const [what, text] of Object.entries({
  'no demand': demanding({}),
  'a demand that is no number': demanding({ Demand: '0x00g1' }),
  'no demand at all': demanding({ Demand: '' }),
  'no divisor': fragment('InstantaneousDemand', { ...METER, Demand: '0x1', Multiplier: '0x1' }),
  'a meter that is none': demanding({ Demand: '0x1', MeterMacId: '0x00x1' }),
  'a tag twice': '<InstantaneousDemand><Demand>0x1</Demand><Demand>0x1</Demand></InstantaneousDemand>',
  'a tag within a tag': '<InstantaneousDemand><A><Demand>0x1</Demand></A></InstantaneousDemand>',
  'a tag that does not close': '<InstantaneousDemand><Demand>0x1</InstantaneousDemand>',
  'an end without a beginning': '</InstantaneousDemand>',
  'the end of another': '<InstantaneousDemand></PriceCluster>',
  'a register that is none': summing({ SummationDelivered: 'x' }),
  'a price without digits': pricing({ Price: '0x1' }),
}))
  test(`not this format: ${what}`, (t) => {
    t.deepEqual(decode(text), { samples: [], rejects: ['syntax'], remarks: [] });
  });

test('no such value can be', (t) => {
  for (const text of [
    demanding({ Demand: '0x800000' }),
    demanding({ Demand: '0x7fffffff' }),
    summing({ SummationDelivered: '-1' }),
    pricing({ Price: '0x1', TrailingDigits: '0x0a' }),
  ])
    t.deepEqual(decode(text).rejects, ['range'], text);
});

test('a fragment that was torn costs itself, wherever', (t) => {
  const whole = demand({ demand: '0x0001a7' });
  const end = '</InstantaneousDemand>';
  for (let cut = 1; cut < whole.indexOf(end) + end.length; cut += 1)
    t.deepEqual(powers(whole.slice(0, cut) + whole), [423], `${cut}`);
});

test('a fragment that does not end is given up, and nothing of it kept', (t) => {
  const endless = `<InstantaneousDemand><Demand>${'0'.repeat(5000)}`;
  const { samples, rejects } = decode(endless + demanding({ Demand: '0x1' }));
  t.is(samples.length, 1);
  t.deepEqual(rejects, ['overlong']);
  const long = demanding({ Demand: '0x1', Text: ' '.repeat(4100) });
  const whole = { samples: [], rejects: ['overlong'], remarks: [] };
  t.deepEqual(decode(long), whole);
  t.deepEqual(
    decodeAll(
      'raven',
      Array.from(Buffer.from(long), (byte) => Uint8Array.of(byte)),
    ),
    whole,
  );
});
