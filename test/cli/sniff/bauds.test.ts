import test from 'ava';
import { findBaud, type Score } from '../../../cli/sniff/bauds.ts';
import { Heard } from '../../../cli/sniff/heard.ts';
import { FORMATS } from '../../meter/decoders/formats.ts';
import { bytes, type Golden } from '../../meter/decoders/golden/variant.ts';
import { virtualTime } from '../../support/virtual-time.ts';

interface Device {
  baud: number;
  frames: readonly Golden[];
  /** ms between two frames. */
  every: number;
  /** At and above this rate the port gives nothing, for every byte has a framing error. */
  dropsFrom?: number;
}

/**
 * Tries the rates at a device that speaks by itself. At each, what comes first began before we listened;
 * at a wrong rate, half as many bytes come, none of them right.
 */
async function tryAt({
  baud,
  frames,
  every,
  dropsFrom = Number.POSITIVE_INFINITY,
}: Device): Promise<{ found: Score | undefined; tried: number[]; took: number }> {
  const time = virtualTime();
  let heard: Heard | undefined;
  let rate = 0;
  let isTail = true;
  let isOver = false;
  const tried: number[] = [];
  const finding = findBaud(
    async (wanted) => {
      rate = wanted;
      isTail = true;
      heard = new Heard({ maxCurrent: 200 });
      return heard;
    },
    (score) => tried.push(score.baud),
    time,
    new AbortController().signal,
  ).finally(() => {
    isOver = true;
  });
  for (let count = 0; !isOver; count += 1) {
    await time.advance(every);
    const whole = bytes(frames[count % frames.length]?.frame ?? '');
    const frame = isTail ? whole.subarray(whole.length >> 1) : whole;
    const garbled = frame.filter((_, index) => index % 2 === 0).map((byte) => (byte ^ 0xe5) | 0x80);
    if (frame.length > 0 && rate < dropsFrom)
      heard?.push(rate === baud ? frame : garbled, time.monotonic(), !isTail);
    isTail = false;
    if (count > 1000) break;
  }
  return { found: await finding, tried, took: time.monotonic() };
}

const framesOf = (format: keyof typeof FORMATS, variant = 0) => FORMATS[format][variant]?.frames ?? [];

test('a meter that speaks every ten seconds is found at the second rate', async (t) => {
  const { found, tried } = await tryAt({ baud: 115_200, frames: framesOf('dsmr'), every: 10_000 });
  t.deepEqual(tried, [9600, 115_200]);
  t.is(found?.heard.trials.winner()?.format, 'dsmr');
});

test('seven bits with parity are found at their rate, read as eight', async (t) => {
  const old = FORMATS.dsmr.findIndex(({ name }) => name.includes('read as 8N1'));
  const { found } = await tryAt({ baud: 9600, frames: framesOf('dsmr', old), every: 10_000 });
  t.like(found, { baud: 9600 });
  t.is(found?.heard.bits.parity, 'even');
  t.is(found?.heard.trials.winner()?.format, 'dsmr');
});

test('a binary format is found, too', async (t) => {
  const { found, tried } = await tryAt({ baud: 19_200, frames: framesOf('sml'), every: 1000 });
  t.is(found?.baud, 19_200);
  t.is(tried.at(-1), 19_200, 'what is proved needs no more trying');
});

test('what must have a key is not looked for at other rates', async (t) => {
  const locked = FORMATS.dsmr.findIndex(({ options }) => options?.key !== undefined);
  const { found, tried } = await tryAt({ baud: 115_200, frames: framesOf('dsmr', locked), every: 1000 });
  t.is(found?.baud, 115_200);
  t.deepEqual(tried, [9600, 115_200]);
});

test('silence at the likeliest rates and the slowest is silence at all', async (t) => {
  const { found, tried, took } = await tryAt({ baud: 9600, frames: [], every: 1000 });
  t.is(found, undefined);
  t.deepEqual(tried, [9600, 115_200, 300]);
  t.true(took < 45_000);
});

test('a slow device is found by a port that drops what comes far below its rate', async (t) => {
  const { found, tried } = await tryAt({
    baud: 2400,
    frames: framesOf('d0'),
    every: 1000,
    dropsFrom: 4 * 2400,
  });
  t.is(found?.heard.trials.winner()?.format, 'd0');
  t.deepEqual(tried, [9600, 115_200, 300, 1200, 2400]);
});

test('text that no decoder knows has its rate all the same; noise has none', async (t) => {
  const text = Array.from({ length: 3 }, () => ({ frame: 'current: 3.1 A\r\n', sample: { phases: [] } }));
  t.is((await tryAt({ baud: 38_400, frames: text, every: 1000 })).found?.baud, 38_400);
  const noise = [
    { frame: Uint8Array.from({ length: 60 }, (_, index) => 0x80 + index), sample: { phases: [] } },
  ];
  t.is((await tryAt({ baud: 38_400, frames: noise, every: 1000 })).found, undefined);
});
