import test from 'ava';
import type { RejectReason } from '../../../meter/decoders/decoder.ts';
import { decodeAll } from './decode.ts';

const decode = (text: string, options = {}) => decodeAll('emontx', [Buffer.from(text, 'latin1')], options);
const refused = (reason: RejectReason) => ({ samples: [], rejects: [reason], remarks: [] });

for (const line of [
  'MSG:1,Vrms:230.0,P1:1O0,E1:5',
  'MSG:1,Vrms:230.0,P1:,E1:5',
  'MSG:1,Vrms:230.0,P1:10,E1:5,',
  'MSG:1,Vrms:230.0,P1:10,P1:10,E1:5',
  'MSG:1,Vrms:230.0,P1:10,E2:5',
  'MSG:1,Vrms:230.0,P1:10,P2:3,E1:5',
  'MSG:1,Vrms:230.0,Q1:10,P1:4',
  'MSG:1,Vrms:230.0,P0:10',
  'MSG:1,Vrms:230.0,P13:10',
  'MSG:1,Vrms:230.0,P:10',
  'MSG:1,V4:230.0,P1:10',
  'MSG:-1,Vrms:230.0,P1:10',
  'MSG:1.5,Vrms:230.0,P1:10',
  'MSG:1,Vrms:230.0,P1:1e3',
  'MSG:1,Vrms:230.0.1,P1:10',
  'MSG:1,Vrms:230.0,P1:10,pulse:-1',
  'MSG 1,Vrms:230.0,P1:10',
  '{"MSG":1,"P1":10',
  '"MSG":1,"P1":10}',
  '{"MSG":1,"P1:10}',
  '{"MSG":1,"P1":"10}',
  '{"MSG":1,"P1":[10]}',
  'ct1:0,ct2:0,vrms:52\x0b4',
  'MSG:1,Vrms:230.0,P1:10\xff',
  // Values without names, of older firmware and of receivers.
  '12 340 0 -7 23105 2150 3000 41',
  '340.25 0.00 230.11',
  'OK 19 84 1 0 0 12 95 0 (-61)',
  'OK 19 84 1 0 0 12 95 0',
  'ct1:340 ct2:0 vrms:231',
])
  test(`not this format: ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(decode(`${line}\r\n`), refused('syntax'));
  });

for (const line of [
  'MSG:1,Vrms:500.1,P1:10',
  'MSG:1,Vrms:-1,P1:10',
  'MSG:1,Vrms:230,P1:10,I1:200.1',
  'MSG:1,Vrms:230,P1:100001',
  'ct1:0,vrms:524000',
])
  test(`no such value can be: ${line}`, (t) => {
    t.deepEqual(decode(`${line}\r\n`), refused('range'));
  });

for (const line of [
  "'+++' then [Enter] for config mode",
  'emonTx V4 CM Continuous Monitoring V1.5.7',
  'Band 433 MHz, Group 210, Node 17, 7 dBm',
  'RFM69CW  Freq: 433MHz Group: 210 Node: 17 ',
  'vCal = 791.20',
  '28 1A 2B 3C 4D 05 06 77 ',
  'Available commands for config during start-up:',
  'pulse period = 100',
  'MSG:5,Vrms:240.00,pulse:3',
  'Assuming VRMS: 230.00V',
  'CT2 detected, i2Cal:60.60',
  'CT1 CT2 CT3 CT4 VRMS/BATT PULSE ',
  'Pulse on analog: enabled, min period: 50ms',
  '230.00 V',
  '',
])
  test(`no reading, and no fault either: ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(decode(`${line}\r\n`), { samples: [], rejects: [], remarks: [] });
  });

test('what has no value is absent, and its line is read', (t) => {
  t.deepEqual(decode('MSG:1,Vrms:nan,P1:10,P2:nan,E1:1,E2:2,pf1:nan\n').samples, [
    { phases: [{ power: 10, energy: 0.001 }, { energy: 0.002 }] },
  ]);
});

test('names in any case, a frequency, and the power factor of who is alone', (t) => {
  t.deepEqual(decode('msg:1,VRMS:230.5,p1:-10,F:49.98,PF1:-0.5\r\n').samples, [
    { phases: [{ voltage: 230.5, power: -10 }], frequency: 49.98, powerFactor: -0.5 },
  ]);
});

test('of two voltages that are not told in the same way, a whole one of a ct list is in hundredths', (t) => {
  const voltage = (line: string) => decode(`${line}\r\n`).samples[0]?.phases[0]?.voltage;
  t.is(voltage('ct1:5,vrms:24012'), 240.12);
  t.is(voltage('ct1:5,vrms:240.12'), 240.12);
  t.is(voltage('P1:5,Vrms:240'), 240);
});

test('energy that was printed without its sign is negative', (t) => {
  const energy = (told: number | string) => decode(`P1:1,E1:${told}\r\n`).samples[0]?.phases[0]?.energy;
  t.is(energy(2 ** 32 - 1250), -1.25);
  t.is(energy(2 ** 31), -2_147_483.648);
  t.is(energy(2 ** 31 - 1), 2_147_483.647);
  t.is(energy('-1250'), -1.25);
});

test('apparent power beside the real one is left out', (t) => {
  t.deepEqual(decode('V1:231.20,F:49.99,P1:402.50,I1:1.903,VA1:439.97,E1:77,PF1:0.9148\r\n').samples, [
    {
      phases: [{ current: 1.903, voltage: 231.2, power: 402.5, energy: 0.077 }],
      frequency: 49.99,
      powerFactor: 0.9148,
    },
  ]);
});

test('lines may end in LF and CR', (t) => {
  const text = 'version = 9.1\n\rMSG:1,Vrms:230.00,P1:10,E1:5\n\r\n\rMSG:2,Vrms:230.00,P1:11,E1:5\n\r';
  const { samples, rejects } = decode(text);
  t.deepEqual(
    samples.map(({ phases }) => phases[0]?.power),
    [10, 11],
  );
  t.deepEqual(rejects, []);
  t.deepEqual(decode('MSG:1,P1:1\rMSG:2,P1:2\n'), refused('syntax'), 'but not in CR alone');
});

test('a zero is no negative one', (t) => {
  t.true(Object.is(decode('P1:-0\n').samples[0]?.phases[0]?.power, 0));
});

test('a line of all that may be told fits, a longer one is given up', (t) => {
  const channels = Array.from({ length: 12 }, (_, index) => index + 1);
  const all = ['P', 'E', 'I', 'pf'].flatMap((name) =>
    channels.map((channel) => `${name}${channel}:-12345.67`),
  );
  const line = `MSG:4294967295,V1:240.00,V2:240.00,V3:240.00,${all.join(',')},pulse1:4294967295`;
  t.is(decode(`${line}\r\n`, { maxCurrent: 20_000 }).samples[0]?.phases.length, 12);
  t.deepEqual(decode(`MSG:1,P1:${'1'.repeat(1100)}\n`), refused('overlong'));
});
