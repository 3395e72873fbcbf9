import test, { type ExecutionContext } from 'ava';
import { createPzemDecoder } from '../../../meter/decoders/pzem.ts';
import { talkPzem } from '../../../meter/talk/pzem.ts';
import { Roll } from '../../../meter/talk/roll.ts';
import { silentLog } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { converse, type Device, pzemAnswer } from './support.ts';

const SETTLE = 3000;

function bus(t: ExecutionContext, addresses: number[], device: Device, period = 1000) {
  const time = virtualTime();
  const decoder = createPzemDecoder({ phases: 1, maxCurrent: 200, atLineStart: true });
  const start = (port: Parameters<typeof talkPzem>[0]) =>
    talkPzem(port, { period, settle: SETTLE, addresses }, { time, log: silentLog });
  const talk = converse(t, time, { decoder, device, start });
  const heard = (address: number) => talk.samples.filter((sample) => sample.address === address).length;
  const asked = (address: number) => talk.events.filter(({ wrote }) => wrote?.charCodeAt(0) === address);
  return { time, heard, asked, ...talk };
}

/** Modules that answer, each in 60 ms. */
const modules =
  (...present: number[]): Device =>
  ([address = 0], say) => {
    if (present.includes(address)) say(pzemAnswer(address), 60);
  };

test('each address is asked once a period, one after the other, and not before the port has settled', async (t) => {
  const { time, heard, events } = bus(t, [1, 2, 3], modules(1, 2, 3));
  await time.advance(SETTLE - 1);
  t.is(events.length, 0);
  await time.advance(10_000);
  t.deepEqual([heard(1), heard(2), heard(3)], [10, 10, 10]);
  t.deepEqual(
    events.slice(0, 4).map(({ at }) => at - SETTLE),
    [0, 70, 140, 1000],
  );
  t.is(events[0]?.wrote, '\x01\x04\x00\x00\x00\x0a\x70\x0d');
});

test('an address that is missing costs the others nothing but a moment now and then', async (t) => {
  const { time, heard, asked } = bus(t, [1, 2, 3, 4], modules(1, 3));
  await time.advance(SETTLE + 120_000);
  t.true(heard(1) >= 120 && heard(3) >= 120, `${heard(1)} and ${heard(3)} answers in 120 s`);
  t.true(asked(2).length >= 7 && asked(2).length < 15, `${asked(2).length} questions`);
});

test('a missing one that comes is heard within half a minute, and then as often as the others', async (t) => {
  const present = [1];
  const { time, heard } = bus(t, [1, 2], ([address = 0], say) => {
    if (present.includes(address)) say(pzemAnswer(address), 60);
  });
  await time.advance(SETTLE + 300_000);
  t.is(heard(2), 0);
  present.push(2);
  await time.advance(31_000);
  t.true(heard(2) > 0);
  const before = heard(2);
  await time.advance(10_000);
  t.is(heard(2) - before, 10);
});

test('one answer that is lost is asked for again in the next round', async (t) => {
  let lost = false;
  const { time, heard } = bus(t, [1, 2], ([address = 0], say) => {
    if (address === 2 && !lost) lost = true;
    else say(pzemAnswer(address), 60);
  });
  await time.advance(SETTLE + 5000 - 1);
  t.deepEqual([heard(1), heard(2)], [5, 4]);
});

test('garbage and damaged answers are waited out, and no answer is taken for another’s', async (t) => {
  let count = 0;
  const { time, heard, samples } = bus(t, [1, 2], ([address = 0], say) => {
    count += 1;
    const answer = pzemAnswer(address);
    if (count % 5 === 0) answer[7] = 0xff;
    if (count % 7 === 0) say(Uint8Array.of(0xff, 0x01, 0x04), 20);
    say(answer, 60);
  });
  await time.advance(SETTLE + 60_000);
  t.true(heard(1) >= 40 && heard(2) >= 40, `${heard(1)} and ${heard(2)} answers in a minute`);
  t.true(samples.every(({ power }) => power === 230));
});

test('an answer in pieces is waited for to its end', async (t) => {
  const { time, heard, events } = bus(t, [1, 2], ([address = 0], say) => {
    const answer = pzemAnswer(address);
    for (const [index, byte] of answer.entries()) say(Uint8Array.of(byte), 30 + index);
  });
  await time.advance(SETTLE + 999);
  t.deepEqual([heard(1), heard(2)], [1, 1]);
  t.is((events[1]?.at ?? 0) - SETTLE, 30 + 24 + 10);
});

test('a round that takes longer than the period is followed by the next at once', async (t) => {
  const { time, heard } = bus(t, [1, 2], modules(1, 2), 100);
  await time.advance(SETTLE + 10_000);
  t.is(heard(1), Math.ceil(10_000 / 150));
});

test('when the port closes, nobody is asked any more', async (t) => {
  const { time, events, close, running } = bus(t, [1], modules(1));
  await time.advance(SETTLE + 5000);
  close();
  await running;
  const count = events.length;
  await time.advance(5000);
  t.is(events.length, count);
});

test('whoever is alone may be asked by the address of all, and answer by its own', async (t) => {
  const { time, heard } = bus(t, [248], (_bytes, say) => say(pzemAnswer(7), 60));
  await time.advance(SETTLE + 5000 - 1);
  t.is(heard(7), 5);
});

test('of many that are missing, one at most is asked in a round', (t) => {
  const roll = new Roll([1, 2, 3, 4, 5], 4);
  const rounds = Array.from({ length: 40 }, () => {
    const asked = roll.next();
    for (const address of asked)
      if (address === 1) roll.answered(address);
      else roll.missed(address);
    return asked;
  });
  t.deepEqual(rounds[0], [1, 2, 3, 4, 5]);
  t.deepEqual(rounds[1], [1, 2, 3, 4, 5], 'one answer may be lost');
  for (const asked of rounds.slice(2)) t.true(asked.length <= 2 && asked[0] === 1);
  for (const address of [2, 3, 4, 5]) t.true(rounds.slice(20).some((asked) => asked.includes(address)));
});
