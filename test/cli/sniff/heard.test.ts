import test from 'ava';
import { RawFrames, showBytes } from '../../../cli/sniff/frames.ts';
import { Heard } from '../../../cli/sniff/heard.ts';

const line = Buffer.from('3 7\r\n');

test('cadence is the time between the beginnings of messages, however they are chunked', (t) => {
  const heard = new Heard(200);
  t.is(heard.cadence, undefined);
  for (const at of [0, 1200, 2390, 3600, 4800, 20_000]) {
    heard.push(line.subarray(0, 2), at, true);
    heard.push(line.subarray(2), at + 5, true);
  }
  t.deepEqual(heard.cadence, { low: 1190, median: 1200, high: 15_200 });
  t.is(heard.bytes, 30);
});

test('what never pauses has no cadence', (t) => {
  const heard = new Heard(200);
  for (let at = 0; at < 10_000; at += 20) heard.push(line, at, true);
  t.is(heard.cadence, undefined);
});

test('a line whose beginning was not seen is not held against a decoder', (t) => {
  const heard = new Heard(200);
  heard.push(Buffer.from('garbled\n3 7\n'), 0, false);
  t.like(heard.trials.winner(), { format: 'amps', phases: 2, accepted: 1, refused: 0 });
});

test('a decoder that understands less than it refuses is not the one', (t) => {
  const heard = new Heard(200);
  heard.push(Buffer.from('3 7\nx\ny\n'), 0, true);
  t.is(heard.trials.winner(), undefined);
  t.like(heard.trials.results()[0], { format: 'amps', accepted: 1, refused: 2, lastRefusal: 'syntax' });
});

test('why it was refused at last is of the attempt that came closest', (t) => {
  const heard = new Heard(10);
  heard.push(Buffer.from('3 70 1\n'), 0, true);
  t.like(heard.trials.results()[0], {
    format: 'amps',
    phases: 3,
    accepted: 0,
    refused: 1,
    lastRefusal: 'range',
  });
});

test('text is told by its share of bytes, cut at whole percents only when shown', (t) => {
  const heard = new Heard(200);
  heard.push(Buffer.from('abcdefghi\xff', 'latin1'), 0, true);
  t.is(heard.text, 0.9);
  t.false(heard.isPlausible);
  t.true(new Heard(200).text === 1 && !new Heard(200).isPlausible, 'nothing is no text');
});

test('frames end at a line feed, after a pause, or where they grow too long', (t) => {
  const frames = new RawFrames();
  t.deepEqual(frames.push(Buffer.from('3 '), 10), []);
  t.deepEqual(frames.push(Buffer.from('7\n4 8\n5'), 20), [
    { at: 10, bytes: Buffer.from('3 7\n') },
    { at: 20, bytes: Buffer.from('4 8\n') },
  ]);
  t.deepEqual(frames.flush(), [{ at: 20, bytes: Buffer.from('5') }]);
  t.deepEqual(frames.flush(), []);
  const long = frames.push(Buffer.alloc(600, 'a'), 30);
  t.deepEqual(
    long.map(({ bytes }) => bytes.length),
    [256, 256],
  );
});

test('bytes are shown as text where most of them are, else as hex', (t) => {
  t.is(showBytes(Buffer.from('3\t7\\\r\n')), '3\\t7\\\\');
  t.is(showBytes(Buffer.from('\r3 7\x00\n')), '\\r3 7\\x00');
  t.is(showBytes(Buffer.from([0x7e, 0xa0, 0x1f])), '7e a0 1f');
});
