import test from 'ava';
import { type Announcement, changeTo } from '../../../agent/home-assistant/announced.ts';

const WHOLE = 'homeassistant/device/wattdog-main/config';
const part = (entity: string) => `homeassistant/sensor/wattdog-main/${entity}/config`;
const sensor = { platform: 'sensor', unique_id: 'x' };
const whole = (...entities: string[]) =>
  JSON.stringify({ device: {}, components: Object.fromEntries(entities.map((id) => [id, sensor])) });

const known = (...announcements: [topic: string, payload: string, gone?: boolean][]): Announcement[] =>
  announcements.map(([topic, payload, gone = false]) => ({ topic, payload, gone }));
const change = (wanted: [string, string][], before: Announcement[]) => changeTo(new Map(wanted), before);
const NOTHING = { moving: [], said: [], leaving: [] };

test('what is new or other is said, what is the same is not', (t) => {
  t.deepEqual(change([[WHOLE, whole('power')]], []).said, [[WHOLE, whole('power')]]);
  t.deepEqual(change([[WHOLE, whole('power')]], known([WHOLE, whole('power')])), NOTHING);
  t.deepEqual(change([[WHOLE, whole('power', 'cost')]], known([WHOLE, whole('power')])).said, [
    [WHOLE, whole('power', 'cost')],
  ]);
  t.deepEqual(change([[WHOLE, whole('power')]], known([WHOLE, whole('power'), true])).said, [
    [WHOLE, whole('power')],
  ]);
});

test('what is no more leaves once', (t) => {
  const before = known([WHOLE, whole('power')]);
  t.deepEqual(change([], before), { ...NOTHING, leaving: [WHOLE] });
  t.deepEqual(change([], known([WHOLE, whole('power'), true])), NOTHING);
});

test('an entity that leaves a device is named by its platform alone, until something else changes', (t) => {
  const leaving = JSON.stringify({ device: {}, components: { power: sensor, cost: { platform: 'sensor' } } });
  const wanted = [[WHOLE, whole('power')]] as [string, string][];
  t.deepEqual(change(wanted, known([WHOLE, whole('power', 'cost')])).said, [[WHOLE, leaving]]);
  t.deepEqual(change(wanted, known([WHOLE, leaving])), NOTHING);
  t.deepEqual(change([[WHOLE, whole('power', 'cost')]], known([WHOLE, leaving])).said, [
    [WHOLE, whole('power', 'cost')],
  ]);
  t.deepEqual(change([[WHOLE, whole('power', 'price')]], known([WHOLE, leaving])).said, [
    [WHOLE, whole('power', 'price')],
  ]);
});

test('from one form to the other entities move, but for those that are no more', (t) => {
  const parts = known([part('power'), '{"a":1}'], [part('cost'), '{"a":2}']);
  t.deepEqual(change([[WHOLE, whole('power')]], parts), {
    moving: [part('power')],
    said: [[WHOLE, whole('power')]],
    leaving: [part('cost')],
  });
  const back = change([[part('power'), '{"a":1}']], known([WHOLE, whole('power')]));
  t.deepEqual(back, { moving: [WHOLE], said: [[part('power'), '{"a":1}']], leaving: [] });
  t.deepEqual(change([[part('power'), '{"a":1}']], parts), { ...NOTHING, leaving: [part('cost')] });
});

test('nothing moves to another device or prefix', (t) => {
  const before = known([part('power'), '{"a":1}']);
  for (const topic of [WHOLE.replace('main', 'house'), WHOLE.replace('homeassistant', 'a/b')])
    t.deepEqual(change([[topic, whole('power')]], before).moving, []);
  const nested = known(['a/b/sensor/wattdog-main/power/config', '{"a":1}']);
  t.deepEqual(change([[WHOLE.replace('homeassistant', 'a/b'), whole('power')]], nested).moving.length, 1);
});
