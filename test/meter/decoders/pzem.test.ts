import test from 'ava';
import { pzemRequest } from '../../../meter/decoders/pzem-frame.ts';
import { decodeAll } from './decode.ts';
import { answer, modbus } from './golden/pzem.ts';

const decode = (...frames: Uint8Array[]) => decodeAll('pzem', frames);
const usual = {
  address: 7,
  voltage: 2301,
  current: 1000,
  power: 2300,
  energy: 5,
  frequency: 500,
  powerFactor: 100,
};

test('the question is that of the data sheet, for every address', (t) => {
  t.is(Buffer.from(pzemRequest(1)).toString('hex'), '01040000000a700d');
  t.deepEqual(Buffer.from(pzemRequest(248)), modbus('f8 04 00 00 00 0a'));
});

test('our own questions, where they come back, cost nothing', (t) => {
  const { samples, rejects } = decode(
    pzemRequest(7),
    answer(usual),
    pzemRequest(8),
    pzemRequest(7),
    answer(usual),
  );
  t.is(samples.length, 2);
  t.deepEqual(rejects, []);
});

test('a question that was refused is a reject, and no value', (t) => {
  t.deepEqual(decode(modbus('07 84 02'), answer(usual)).rejects, ['range']);
  t.is(decode(modbus('07 84 02'), answer(usual)).samples.length, 1);
});

for (const [what, told] of Object.entries({
  'a voltage': { voltage: 4001 },
  'a current': { current: 200_001 },
  'a power': { power: 500_001 },
  'an energy': { energy: 4_294_966_400 },
  'a frequency': { frequency: 701 },
  'a power factor': { powerFactor: 101 },
}))
  test(`with a checksum that fits, ${what} that cannot be is refused`, (t) => {
    t.deepEqual(decode(answer({ ...usual, ...told })), { samples: [], rejects: ['range'], remarks: [] });
  });

test('energy may pass the end of the display', (t) => {
  t.is(decode(answer({ ...usual, energy: 10_000_001 })).samples[0]?.registers?.import, 10_000.001);
});

test('the alarm is nobody’s business', (t) => {
  t.deepEqual(decode(answer({ ...usual, alarm: 0xffff })).samples, decode(answer(usual)).samples);
});

test('other modules of that maker are not taken for it', (t) => {
  const others = [
    Buffer.from('a000e602000088', 'hex'), // v1 and v2: 230.2 V
    modbus('01 04 10 04d2 0064 0096 0000 0005 0000 0000 0000'), // PZEM-017, direct current
    modbus('01 03 08 0001 0002 0003 0004'),
  ];
  for (const other of others) t.deepEqual(decode(other).samples, []);
});

test('a byte that was lost costs one answer and is told as damage', (t) => {
  const frame = answer(usual);
  for (let lost = 3; lost < frame.length; lost += 1) {
    const torn = Buffer.concat([frame.subarray(0, lost), frame.subarray(lost + 1)]);
    const { samples, rejects } = decode(torn, answer({ ...usual, address: 9 }));
    t.deepEqual(
      samples.map(({ address }) => address),
      [9],
    );
    t.deepEqual(rejects, ['checksum'], `${lost}`);
  }
});
