import test from 'ava';
import type { Decoded } from '../../../meter/decoders/decoder.ts';
import { createPanelDecoder } from '../../../meter/decoders/panel.ts';
import { seeded } from '../../chaos/schedule.ts';
import { panelLine } from './golden/panel.ts';

function decode(text: string, maxCurrent = 200): Decoded {
  const decoder = createPanelDecoder({ phases: 2, maxCurrent, atLineStart: true });
  return decoder.push(Buffer.from(text, 'latin1'));
}

const refused = (reason: Decoded['rejects'][number]): Decoded => ({ samples: [], rejects: [reason] });

test('the longest line there is, 74 bytes', (t) => {
  const u32 = 2 ** 32 - 1;
  const line = panelLine(`65 65 ;1,255,${u32},${u32},65000,65000,${u32},${u32}`);
  t.is(line.length, 74);
  t.deepEqual(decode(line).samples, [
    {
      phases: [{ current: 65 }, { current: 65 }],
      counter: { boot: 255, seq: u32, meteredMs: u32, ampereSeconds: [u32, u32] },
    },
  ]);
});

test('a meter of another number of phases is none of ours', (t) => {
  for (const phases of [1, 3]) {
    const decoder = createPanelDecoder({ phases, maxCurrent: 200, atLineStart: true });
    t.deepEqual(decoder.push(Buffer.from(panelLine('1 2 ;1,3,4,4800,1000,2000,4,8'))), refused('syntax'));
  }
});

test('a bare `10 20` is a torn line, before and after a whole one', (t) => {
  const whole = panelLine('1 2 ;1,3,4,4800,1000,2000,4,8');
  const { samples, rejects } = decode(`10 20\n${whole}10 20\r\n10 20 \n`);
  t.is(samples.length, 1);
  t.deepEqual(rejects, ['syntax', 'syntax', 'syntax']);
});

test('no line that was cut short anywhere is read', (t) => {
  const line = panelLine('1 2 ;1,3,4,4800,1000,2000,4,8');
  for (let length = 1; length < line.length - 1; length += 1)
    t.deepEqual(decode(`${line.slice(0, length)}\n`), refused('syntax'), line.slice(0, length));
});

test('one wrong bit anywhere is noticed', (t) => {
  const line = panelLine('10 20 ;1,3,4711,5653200,10123,19876,55101,112233');
  for (let index = 0; index < line.length - 1; index += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const wrong = Buffer.from(line, 'latin1');
      wrong[index] = (wrong[index] ?? 0) ^ (1 << bit);
      const decoder = createPanelDecoder({ phases: 2, maxCurrent: 200, atLineStart: true });
      t.deepEqual(decoder.push(wrong).samples, []);
    }
  }
});

test('a checksum of another line, or in lower case, is refused', (t) => {
  const line = panelLine('10 20 ;1,3,4711,5653200,10123,19876,55101,112233');
  t.deepEqual(decode(line.replace('4711', '4712')), refused('checksum'));
  t.deepEqual(decode(line.replace('B558', 'b558')), refused('syntax'));
});

for (const [what, body] of [
  ['rounded amperes that are not those of the milliamperes', '11 20 ;1,3,4,4800,10123,19876,4,8'],
  ['a current above the limit', '61 1 ;1,3,4,4800,61000,1000,4,8'],
  ['a boot number that is no byte', '1 2 ;1,256,4,4800,1000,2000,4,8'],
  ['a count that is no u32', '1 2 ;1,3,4,4294967296,1000,2000,4,8'],
])
  test(`a fitting checksum does not excuse ${what}`, (t) => {
    t.deepEqual(decode(panelLine(body ?? ''), 60), refused('range'));
  });

for (const [what, body] of [
  ['another version', '1 2 ;2,3,4,4800,1000,2000,4,8'],
  ['a negative current', '-1 2 ;1,3,4,4800,-1000,2000,4,8'],
  ['a field too few', '1 2 ;1,3,4,4800,1000,2000,4'],
  ['a field too many', '1 2 ;1,3,4,4800,1000,2000,4,8,9'],
])
  test(`a fitting checksum does not excuse ${what}`, (t) => {
    t.deepEqual(decode(panelLine(body ?? '')), refused('syntax'));
  });

test('of 100,000 damaged lines hardly any passes for another reading', (t) => {
  const random = seeded(1);
  const below = (limit: number) => Math.floor(random() * limit);
  const line = () => {
    const mA = [below(30_000), below(30_000)];
    const amps = mA.map((current) => Math.round(current / 1000));
    const counts = [below(256), below(1e7), below(1e10) % 2 ** 32, ...mA, below(1e8), below(1e8)];
    return panelLine(`${amps.join(' ')} ;1,${counts.join(',')}`).trimEnd();
  };
  const replace = (text: string, at: number, by: string) => text.slice(0, at) + by + text.slice(at + 1);
  const digitAt = (text: string) => {
    for (;;) {
      const at = below(text.length);
      if (/\d/.test(text[at] ?? '')) return at;
    }
  };
  const damages: Record<string, (text: string) => string> = {
    'two digits changed': (text) =>
      replace(replace(text, digitAt(text), String(below(10))), digitAt(text), String(below(10))),
    'neighbours swapped': (text) => {
      const at = below(text.length - 1);
      return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
    },
    'one to four bytes lost': (text) => {
      const at = below(text.length);
      return text.slice(0, at) + text.slice(at + 1 + below(4));
    },
    'front of one, tail of another': (text) => {
      const other = line();
      return text.slice(0, 1 + below(text.length - 1)) + other.slice(below(other.length));
    },
    'three bits flipped': (text) =>
      [1, 2, 3].reduce((damaged) => {
        const at = below(damaged.length);
        return replace(damaged, at, String.fromCharCode(damaged.charCodeAt(at) ^ (1 << below(8))));
      }, text),
  };

  const kinds = Object.entries(damages);
  const passed: Record<string, number> = {};
  for (let count = 0; count < 100_000; count += 1) {
    const [kind, damage] = kinds[count % kinds.length] ?? ['', String];
    const text = line();
    const damaged = damage(text);
    if (damaged === text || damaged.includes('\n')) continue;
    const [sample] = decode(`${damaged}\n`).samples;
    const [meant] = decode(`${text}\n`).samples;
    if (sample && JSON.stringify(sample) !== JSON.stringify(meant)) passed[kind] = (passed[kind] ?? 0) + 1;
  }
  t.log('undetected', passed);
  const undetected = Object.values(passed).reduce((sum, count) => sum + count, 0);
  t.true(undetected <= 10, `${undetected} of 100,000`);
});
