import test from 'ava';
import { concerns, marksOf } from '../../../../agent/page/model/marks.ts';
import { BEGAN, testIncident } from '../../notify/support.ts';

const watch = (...topics: string[]) => ({
  name: 'main',
  topics,
  verdict: { state: 'healthy' as const, sentence: '', evidence: {} },
});

test('whose readings a watch listens to', (t) => {
  for (const topic of [
    'wattdog/main/reading',
    'wattdog/+/reading',
    'wattdog/#',
    '#',
    'wattdog/main/reading/#',
  ])
    t.true(concerns(watch('zigbee2mqtt/#', topic), 'main'), topic);
  for (const topic of ['wattdog/other/reading', 'wattdog/main', '+/reading', 'wattdog/main/reading/x'])
    t.false(concerns(watch(topic), 'main'), topic);
  t.false(concerns(watch(), 'main'));
});

test('its incidents and gaps, those that last until now', (t) => {
  const now = BEGAN + 60_000;
  const gap = {
    ...{ meter: 'main', start: 1, end: null, cause: 'silence', readings: 0, energy: 0, cost: 0 },
    ...{ exportEnergy: 0, credit: 0 },
    ...{ estimatedEnergy: 0, estimatedCost: 0 },
  };
  const story = {
    watches: [watch('wattdog/main/reading')],
    incidents: [
      testIncident(),
      testIncident({ drill: true, firstMessage: BEGAN + 4000, recovered: BEGAN + 6000 }),
      testIncident({ watch: 'other' }),
    ],
    gaps: [gap, { ...gap, meter: 'other' }],
    now,
  };
  t.deepEqual(marksOf('main', story), [
    { kind: 'gap', from: 1, to: now },
    { kind: 'incident', from: BEGAN, to: now },
    { kind: 'drill', from: BEGAN, to: BEGAN + 4000 },
  ]);
  t.deepEqual(marksOf('other', story), [{ kind: 'gap', from: 1, to: now }]);
});
