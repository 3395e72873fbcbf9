import test from 'ava';
import { SignsOfLife } from '../../../agent/watch/life.ts';
import { testReading } from '../../support/readings.ts';

const message = (payload: unknown, changes: { topic?: string; retain?: boolean; dup?: boolean } = {}) => ({
  topic: 'wattdog/main/reading',
  payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  retain: false,
  dup: false,
  ...changes,
});

test('a new reading is life; memories of one are not', (t) => {
  const life = new SignsOfLife();
  t.false(life.isNew(message(testReading(1), { retain: true })), 'retained');
  t.true(life.isNew(message(testReading(1))));
  t.false(life.isNew(message(testReading(1))), 'the same again');
  t.false(life.isNew(message(testReading(2), { dup: true })), 'a duplicate');
  t.true(life.isNew(message(testReading(2))));
  t.false(life.isNew(message(testReading(1))), 'an older one');
  t.true(life.isNew(message(testReading(5))), 'some were lost');
  t.true(life.isNew(message(testReading(1, { epoch: 'e2' }))), 'a new outbox counts anew');
});

test('garbage on a reading topic is not life', (t) => {
  const life = new SignsOfLife();
  for (const payload of ['', 'hello', '{}', '{"seq":1}', '[]'])
    t.false(life.isNew(message(payload)), payload);
  t.true(life.isNew(message(testReading(1))));
});

test('several meters behind one wildcard are told apart', (t) => {
  const life = new SignsOfLife();
  const at = (topic: string, seq: number) =>
    message(testReading(seq, { epoch: topic }), { topic: `wattdog/${topic}/reading` });
  t.true(life.isNew(at('a', 5)));
  t.true(life.isNew(at('b', 5)));
  t.false(life.isNew(at('a', 5)));
  t.false(life.isNew(at('b', 4)));
});

test('on another topic anything fresh is life', (t) => {
  const life = new SignsOfLife();
  const topic = 'zigbee2mqtt/fridge';
  t.true(life.isNew(message('on', { topic })));
  t.true(life.isNew(message('on', { topic })));
  t.false(life.isNew(message('on', { topic, retain: true })));
  t.false(life.isNew(message('on', { topic, dup: true })));
});
