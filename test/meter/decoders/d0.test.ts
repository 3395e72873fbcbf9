import test from 'ava';
import type { DecoderOptions, Sample } from '../../../meter/decoders/decoder.ts';
import { decodeAll } from './decode.ts';
import { pushed, readout } from './golden/d0.ts';
import { telegram, withParity } from './golden/dsmr.ts';
import { bytes } from './golden/variant.ts';

const decode = (stream: string | Uint8Array, options: Partial<DecoderOptions> = {}) =>
  decodeAll('d0', [bytes(stream)], options);
const accepted = (...samples: Sample[]) => ({ samples, rejects: [] as string[], remarks: [] as string[] });
const refused = (...rejects: string[]) => ({ ...accepted(), rejects });

const IMPORT = '1.8.0(001846.0*kWh)';
const only: Sample = { phases: [], registers: { import: 1846 } };
const IDENTIFICATION = '/LGZ52ZMD120APt.G03\r\n';
const whole = readout([IMPORT]);
const block = whole.slice(IDENTIFICATION.length);

test('what a head with one wire sends back of us costs nothing', (t) => {
  const request = '/?!\r\n';
  const named = '/?000012345678!\r\n';
  const acknowledgement = '\x06050\r\n';
  const wake = '\0'.repeat(70);
  for (const stream of [
    request + whole,
    named + whole + request,
    wake + request + IDENTIFICATION + acknowledgement + block,
    request + IDENTIFICATION + acknowledgement + block + request + whole,
  ]) {
    const expected = accepted(...Array(stream.split('\x02').length - 1).fill(only));
    t.deepEqual(decode(stream), expected);
    t.deepEqual(decode(withParity(stream)), expected, 'with its parity bits');
  }
  const plain = pushed([IMPORT]).replace('\r\n\r\n', `\r\n${acknowledgement}`);
  t.deepEqual(decode(plain), { ...accepted(only), remarks: ['unchecked'] });
});

test('noise of the change of baud before STX costs nothing', (t) => {
  t.deepEqual(decode(`${IDENTIFICATION}\xff\x80\x00x(${block}`), accepted(only));
});

test('a wrong check is remarked, or refused', (t) => {
  const wrong = readout([IMPORT], 0x0b);
  t.deepEqual(decode(wrong), { ...accepted(only), remarks: ['bcc'] });
  t.deepEqual(decode(wrong, { checksum: 'warn' }), { ...accepted(only), remarks: ['bcc'] });
  t.deepEqual(decode(wrong, { checksum: 'refuse' }), refused('checksum'));
  t.deepEqual(decode(whole, { checksum: 'refuse' }), accepted(only));
});

test('a wrong check and something odd is damage', (t) => {
  for (const odd of ['1.8.0(0018x6.0*kWh)', `${IMPORT}noise`, `${IMPORT}\r\n1.8.0(001847.0*kWh)`])
    t.deepEqual(decode(readout([odd], 0x0b)), refused('checksum'), odd);
});

test('noise in pairs, which the check cannot see, is damage', (t) => {
  t.deepEqual(decode(whole.replace('18', '\xa5\xa518')), refused('syntax'));
  t.deepEqual(decode(whole.replace('1846', '\x01\x011846')), refused('syntax'));
});

test('where others carried a check, a telegram without is a torn one', (t) => {
  const push = pushed([IMPORT]);
  t.deepEqual(decode(push + push), { ...accepted(only, only), remarks: ['unchecked', 'unchecked'] });
  t.deepEqual(decode(whole + push), { ...accepted(only), rejects: ['checksum'] });
});

test('an identification that no data followed', (t) => {
  t.deepEqual(decode(IDENTIFICATION + whole), { ...accepted(only), rejects: ['syntax'] });
  t.deepEqual(decode(`${IDENTIFICATION}/?!\r\n${whole}`), { ...accepted(only), rejects: ['syntax'] });
});

for (const maker of ['LGZ', 'Lux'])
  test(`a torn readout of ${maker} costs neither the next one nor more than one reject`, (t) => {
    const readouts = whole.replace('LGZ', maker);
    for (const end of [30, whole.length - 6]) {
      const { samples, rejects } = decode(readouts.slice(0, end) + readouts);
      t.deepEqual(samples, [only]);
      t.is(rejects.length, 1);
    }
  });

test('a telegram of DSMR 4 and later is not of this format', (t) => {
  t.deepEqual(decode(telegram(['/ISK5\\2M550T-1012', '1-0:1.7.0(01.193*kW)'])).samples, []);
});

test('a unit with a slash tears nothing', (t) => {
  const lines = ['0.3.3(500*imp/kWh)', '9.5(0.1*m3/h)', IMPORT, '0.3.4(100*imp/kVArh)'];
  t.deepEqual(decode(readout(lines)), accepted(only));
  t.deepEqual(decode(pushed(lines)).samples, [only]);
});

test('an identification that stands in a value tears nothing', (t) => {
  const lines = ['96.1.4(/LGZ52ZMD120APt.G03)', IMPORT, '0.2.0(/ISk5ME)'];
  t.deepEqual(decode(readout(lines)), accepted(only));
  t.deepEqual(decode(withParity(readout(lines))), accepted(only));
  t.deepEqual(decode(pushed(lines)).samples, [only]);
});

test('a check that does not come costs no other telegram', (t) => {
  const unchecked = whole.slice(0, -1);
  t.deepEqual(decode(unchecked + unchecked + whole), {
    ...accepted(only, only, only),
    remarks: ['bcc', 'bcc'],
  });
  t.deepEqual(decode(unchecked + whole, { checksum: 'refuse' }), {
    ...accepted(only),
    rejects: ['checksum'],
  });
});

test('a check that is a slash is one', (t) => {
  const slashed = ['1.8.0(000000.0*kWh)', '0.2.0(a)'];
  const telegram = readout(slashed);
  t.true(telegram.endsWith('/'), 'or else the value of 0.2.0 must be another');
  t.deepEqual(decode(telegram + whole), accepted({ phases: [], registers: { import: 0 } }, only));
});

test('what a head’s lamp looks like as it is switched on is nothing', (t) => {
  for (const flash of ['\x7f\x7f\x7f', '\xff'])
    t.deepEqual(decode(`${flash}${whole}${flash}/?!\r\n${flash}${whole}`), accepted(only, only), flash);
});

test('noise with slashes and ends is no telegram', (t) => {
  t.deepEqual(decode(`/12!/L${'x'.repeat(100)}!${whole}`), { ...accepted(only), rejects: ['fragment'] });
});

const told: [line: string, sample: Partial<Sample>][] = [
  ['1.8.0(001846.0)', { registers: { import: 1846 } }],
  ['1-1:1.8.0*255(00001.846*MWh)', { registers: { import: 1846 } }],
  ['1-0:1.8.0(1846000*Wh)', { registers: { import: 1846 } }],
  ['1.8.1(1.5*kWh)1.8.2(2.5*kWh)', { registers: { import: 4, importRates: { 1: 1.5, 2: 2.5 } } }],
  ['1.8.0(2*kWh)\r\n1.8.0*01(1*kWh)\r\n1.8.1*31(3*kWh)\r\n1.8.1&04(4*kWh)', { registers: { import: 2 } }],
  // Who numbers the present as 00 numbers no energy otherwise.
  ['1.8.0*00(000846.25)\r\n2.8.0*00(000004.50)', { registers: { import: 846.25, export: 4.5 } }],
  [
    '1.8.0*00(9)\r\n1.8.1*00(6)\r\n1.8.2&00(3)\r\n1.8.0*01(8)\r\n0.2.2(:::G11)!',
    { registers: { import: 9, importRates: { 1: 6, 2: 3 } } },
  ],
  [
    '1.8.1(1*kWh)\r\n1.8.1*00(20*kWh)\r\n2.8.1*00(5*kWh)',
    { registers: { import: 1, importRates: { 1: 1 } } },
  ],
  ['1-0:1.8.0*255(2*kWh)\r\n1-0:2.8.0*00(5*kWh)', { registers: { import: 2 } }],
  ['15.8.0(7*kWh)', { registers: { import: 7 } }],
  ['15.8.0(7*kWh)\r\n2.8.0(3*kWh)', { registers: { export: 3 } }],
  ['16.7.0(-000123*W)', { power: -123 }],
  ['1.7.0(00.120*kW)\r\n2.7.0(00.000*kW)', { power: 120 }],
  ['1.7.0(00.120)', { power: 120 }],
  ['15.7.0(00.120*kW)', { power: 120 }],
  ['36.7(0.1*kW)\r\n56.7.0(-0.2*kW)\r\n76.7(------)', { phases: [{ power: 100 }, { power: -200 }] }],
  [
    '32.7(230*V)\r\n31.7(1.5*A)\r\n14.7(49.9*Hz)',
    { phases: [{ voltage: 230, current: 1.5 }], frequency: 49.9 },
  ],
  [`0.0.0(4711)\r\nC.1.0(0815)\r\n${IMPORT}`, { registers: { import: 1846 }, device: '4711' }],
  [`0.0.0(        )\r\nC.1.0(0815 )\r\n${IMPORT}`, { registers: { import: 1846 }, device: '0815' }],
  [`0-0:96.1.0*255(1EMH00)\r\n${IMPORT}`, { registers: { import: 1846 }, device: '1EMH00' }],
  [`0.0.1(4712)\r\n0-0:96.1.1(3A47)\r\n${IMPORT}`, { registers: { import: 1846 }, device: '3A47' }],
  [`0.0.1(4712)\r\n${IMPORT}`, { registers: { import: 1846 }, device: '4712' }],
  ['6.8(3.6*GJ)6.26(00842.94*m3)', { registers: { import: 1000 } }],
  [`6.8.0(3.6*kvarh)\r\n${IMPORT}`, { registers: { import: 1846 } }],
  ['7-0:3.0.0(12.5*m3)', { gas: 12.5 }],
  ['8-0:1.0.0(12500*dm3)', { water: 12.5 }],
];
for (const [lines, sample] of told)
  test(`${JSON.stringify(lines)} says ${JSON.stringify(sample)}`, (t) => {
    t.deepEqual(decode(readout(lines.split('\r\n'))), accepted({ phases: [], ...sample }));
  });

test('a current that cannot be, and nothing at all', (t) => {
  t.deepEqual(decode(readout(['31.7(201*A)'])), refused('range'));
  t.deepEqual(decode(readout(['F.F(00)'])), refused('syntax'));
});

test('a readout of sixteen kilobytes, and one that is longer', (t) => {
  const profile = (lines: number) =>
    Array.from({ length: lines }, (_, line) => `P.01(${line})(0.1)(0.2)(0.3)`);
  t.deepEqual(decode(readout([IMPORT, ...profile(600)])), accepted(only));
  t.deepEqual(decode(readout([IMPORT, ...profile(800)]) + whole), {
    ...accepted(only),
    rejects: ['overlong'],
  });
});
