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
  t.is(life.judge(message(testReading(1), { retain: true })), 'echo', 'retained');
  t.is(life.judge(message(testReading(1))), 'life');
  t.is(life.judge(message(testReading(1))), 'echo', 'the same again');
  t.is(life.judge(message(testReading(2), { dup: true })), 'echo', 'a duplicate');
  t.is(life.judge(message(testReading(2))), 'life');
  t.is(life.judge(message(testReading(1))), 'echo', 'an older one');
  t.is(life.judge(message(testReading(5))), 'life', 'some were lost');
  t.is(life.judge(message(testReading(1, { epoch: 'e2' }))), 'life', 'a new outbox counts anew');
});

test('garbage on a reading topic is not life', (t) => {
  const life = new SignsOfLife();
  for (const payload of ['', 'hello', '{}', '{"seq":1}', '[]'])
    t.is(life.judge(message(payload)), 'echo', payload);
  t.is(life.judge(message(testReading(1))), 'life');
});

test('several meters behind one wildcard are told apart', (t) => {
  const life = new SignsOfLife();
  const at = (topic: string, seq: number) =>
    message(testReading(seq, { epoch: topic }), { topic: `wattdog/${topic}/reading` });
  t.is(life.judge(at('a', 5)), 'life');
  t.is(life.judge(at('b', 5)), 'life');
  t.is(life.judge(at('a', 5)), 'echo');
  t.is(life.judge(at('b', 4)), 'echo');
});

test('on another topic anything fresh is life', (t) => {
  const life = new SignsOfLife();
  const topic = 'zigbee2mqtt/fridge';
  t.is(life.judge(message('on', { topic })), 'life');
  t.is(life.judge(message('on', { topic })), 'life');
  t.is(life.judge(message('on', { topic, retain: true })), 'echo');
  t.is(life.judge(message('on', { topic, dup: true })), 'echo');
});

test('where a field must move, a message in which it does not is no life', (t) => {
  const life = new SignsOfLife('sensor.uptime');
  const topic = 'rtl_433/1';
  const say = (payload: unknown, at = topic) => life.judge(message(payload, { topic: at }));
  t.is(say({ sensor: { uptime: 1 } }), 'life');
  t.deepEqual(say({ sensor: { uptime: 1 }, noise: 5 }), { field: 'sensor.uptime', stuckAt: '1' });
  t.is(say({ sensor: { uptime: 2 } }), 'life');
  t.is(say({ sensor: { uptime: 1 } }), 'life', 'it may begin anew');
  t.is(say({ sensor: { uptime: 1 } }, 'rtl_433/2'), 'life', 'another topic has its own');
  for (const payload of ['garbage', '', 'null', { sensor: null }, [], 7])
    t.not(say(payload), 'echo', JSON.stringify(payload));
  t.deepEqual(say('more garbage'), { field: 'sensor.uptime', stuckAt: 'missing' });
});
