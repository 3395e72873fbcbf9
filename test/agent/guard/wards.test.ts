import test from 'ava';
import { Guard } from '../../../agent/guard/guard.ts';
import { Incidents } from '../../../agent/guard/incidents.ts';
import { specOf, specsOf, type WatchSpec } from '../../../agent/guard/ward.ts';
import { Wards } from '../../../agent/guard/wards.ts';
import type { SeenContainer } from '../../../agent/heal/seen.ts';
import { AgentState } from '../../../agent/state.ts';
import { Watch } from '../../../agent/watch/watch.ts';
import { settingsSchema, type WatchSettings } from '../../../shared/settings/schema.ts';
import { silentLog } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';

const SEES = { blindness: undefined, stoodStill: 0, strain: 0 };

/** Wards of some settings, and an engine whose containers the test names. */
function guardedBy(
  watches: Partial<WatchSettings>[] = [],
  options: { labels?: boolean; respectPause?: boolean } = {},
) {
  const time = virtualTime();
  const incidents = new Incidents(new AgentState(':memory:', silentLog), () => {}, silentLog);
  const made: WatchSpec[] = [];
  const complaints: string[] = [];
  const dropped: string[] = [];
  const log = Object.assign(Object.create(silentLog), {
    warn: (message: string) => complaints.push(message),
  });
  const specs = watches.map((given) => specOf({ name: 'main', topics: ['x'], heal: true, ...given }));
  const wards = new Wards(specs, {
    make(spec) {
      made.push(spec);
      const watch = new Watch({ hasTopics: spec.topics.length > 0 });
      return { name: spec.name, topics: spec.topics, watch, healer: undefined };
    },
    guard: (ward, signal) => new Guard(ward, { incidents, post() {}, time, log: silentLog }, signal),
    dropped: (name) => dropped.push(name),
    labels: true,
    respectPause: false,
    monotonic: time.monotonic,
    ...options,
    log,
  });
  return {
    wards,
    incidents,
    made,
    complaints,
    dropped,
    names: () => [...wards.guards()].map(({ ward }) => ward.name),
    evidence: (name: string) => wards.get(name)?.judge(time.monotonic(), SEES).evidence.container,
  };
}

function container(
  name: string,
  labels: Record<string, string>,
  more: Partial<SeenContainer> = {},
): SeenContainer {
  return {
    id: `id-${name}`,
    name,
    labels,
    startedAt: '2026-01-01T00:00:00Z',
    ...more,
    evidence: { name, status: 'running', ...more.evidence },
  };
}
const status = (name: string, is: string) => ({ evidence: { name, status: is } });

test('several watches may be of one container, by its name or its label', (t) => {
  const { wards, evidence, names } = guardedBy([
    { name: 'a', container: 'house' },
    { name: 'b', container: 'house' },
    { name: 'c', container: 'other' },
  ]);
  wards.sees(container('house', { 'wattdog.watch': 'true' }));
  t.deepEqual(names(), ['a', 'b', 'c']);
  t.deepEqual(
    ['a', 'b', 'c'].map((name) => evidence(name)?.name),
    ['house', 'house', undefined],
  );
});

test('without watches in the settings there is one for each meter, of the container that names `meter`', (t) => {
  const specs = specsOf(settingsSchema.parse({ meters: [{ name: 'grid' }, { name: 'car' }] }));
  t.deepEqual(
    specs.map(({ name, topics, which }) => [name, topics, which]),
    [
      ['grid', ['wattdog/grid/reading'], { label: 'wattdog.watch=main' }],
      ['car', ['wattdog/car/reading'], { label: 'wattdog.watch=main' }],
    ],
  );
});

test('a labelled container is watched as long as it is there', async (t) => {
  const { wards, names, made, evidence } = guardedBy();
  const changed = wards.changed.next(new AbortController().signal);
  wards.sees(
    container('zigbee2mqtt', {
      'wattdog.watch': 'true',
      'wattdog.topics': 'zigbee2mqtt/#, other',
      'wattdog.stall-after': '30s',
    }),
  );
  t.deepEqual(names(), ['zigbee2mqtt']);
  t.like(made[0], {
    topics: ['zigbee2mqtt/#', 'other'],
    stallAfter: 30_000,
    which: { name: 'zigbee2mqtt', label: 'wattdog.watch=true' },
  });
  t.is(evidence('zigbee2mqtt')?.status, 'running');
  await t.notThrowsAsync(changed, 'whoever subscribes is told');
  const goes = wards.changed.next(new AbortController().signal);
  wards.gone('id-zigbee2mqtt');
  t.deepEqual(names(), []);
  await t.notThrowsAsync(goes);
});

test('a container that was made anew with other labels is watched by them', (t) => {
  const { wards, made, names } = guardedBy();
  const labels = { 'wattdog.watch': 'true', 'wattdog.topics': 'a' };
  wards.sees(container('x', labels));
  wards.sees(container('x', labels, status('x', 'exited')));
  t.is(made.length, 1);
  wards.gone('id-x');
  wards.sees(container('x', { ...labels, 'wattdog.topics': 'b' }, { id: 'new' }));
  t.deepEqual(
    made.map(({ topics }) => topics),
    [['a'], ['b']],
  );
  t.deepEqual(names(), ['x']);
});

test('whoever is neither labelled nor named is nobody’s business', (t) => {
  const { wards, names, evidence, complaints } = guardedBy([{ container: 'meter-1' }]);
  wards.sees(container('other', {}));
  wards.sees(container('not-this', { 'wattdog.watch': 'false' }));
  t.deepEqual(names(), ['main']);
  t.is(evidence('main'), undefined);
  wards.sees(container('meter-1', {}));
  t.is(evidence('main')?.name, 'meter-1');
  t.deepEqual(complaints, []);
});

test('labels may be left out of account', (t) => {
  const { wards, names, evidence } = guardedBy([{}], { labels: false });
  wards.sees(container('x', { 'wattdog.watch': 'true' }));
  t.deepEqual(names(), ['main']);
  wards.sees(container('meter', { 'wattdog.watch': 'main' }));
  t.is(evidence('main')?.name, 'meter', 'but for those that the settings mean');
});

test('the settings win over labels, and two containers cannot share a watch', (t) => {
  const { wards, names, complaints } = guardedBy([{ container: 'meter-1' }]);
  wards.sees(container('foreign', { 'wattdog.watch': 'main', 'wattdog.topics': 'y' }));
  wards.sees(container('one', { 'wattdog.watch': 'lamps' }));
  wards.sees(container('two', { 'wattdog.watch': 'lamps' }));
  wards.sees(container('two', { 'wattdog.watch': 'lamps' }, status('two', 'paused')));
  wards.sees(container('bad', { 'wattdog.watch': 'true', 'wattdog.stall-after': 'soon' }));
  t.deepEqual(names(), ['main', 'lamps']);
  t.is(complaints.length, 3, complaints.join('\n'));
  t.is(complaints[0], 'watching container foreign: the watch main is another’s');
  t.is(complaints[1], 'watching container two: the watch lamps is another’s');
  t.regex(complaints[2] ?? '', /^watching container bad: label wattdog.stall-after: must be .*, got "soon"$/);
});

test('who was stopped, paused or removed by somebody is left alone until he is back', (t) => {
  const { wards } = guardedBy([{}], { respectPause: true });
  const labels = { 'wattdog.watch': 'main' };
  wards.sees(container('meter', labels));
  t.is(wards.holdOf('main'), undefined);
  wards.sees(container('meter', labels, { stoppedBy: 'operator' }));
  t.is(wards.holdOf('main'), undefined, 'he is being stopped, and still runs');
  wards.sees(container('meter', labels, { stoppedBy: 'operator', ...status('meter', 'exited') }));
  t.is(wards.holdOf('main'), 'its container meter was stopped on purpose');
  wards.sees(container('meter', labels));
  t.is(wards.holdOf('main'), undefined);
  wards.sees(container('meter', labels, status('meter', 'paused')));
  t.is(wards.holdOf('main'), 'its container meter was paused on purpose');
  wards.gone('id-meter');
  t.is(wards.holdOf('main'), 'its container meter was removed');
  wards.sees(container('meter', labels, { id: 'new' }));
  t.is(wards.holdOf('main'), undefined);
  const lenient = guardedBy([{}]);
  lenient.wards.sees(container('meter', labels, status('meter', 'paused')));
  t.is(lenient.wards.holdOf('main'), undefined, 'a pause is healed unless the settings respect it');
});

test('whoever is started by somebody else gets the time that he needs to his first message', (t) => {
  const { wards } = guardedBy([{}]);
  const labels = { 'wattdog.watch': 'main' };
  const state = () => wards.get('main')?.judge(0, SEES).state;
  wards.sees(container('meter', labels));
  t.is(state(), 'learning', 'it may have run for long');
  wards.sees(container('meter', labels, { startedAt: '2026-01-02T00:00:00Z' }));
  t.is(state(), 'recovering', 'restarted');
  for (let n = 0; n < 3; n += 1) wards.get('main')?.ward.watch.lives(n);
  t.is(state(), 'learning');
  wards.gone('id-meter');
  wards.sees(container('meter', labels, { id: 'new' }));
  t.is(state(), 'recovering', 'made anew');
});

test('an incident of a container that is removed is withdrawn, and is not the next one’s', (t) => {
  const { wards, incidents, dropped } = guardedBy();
  wards.sees(container('x', { 'wattdog.watch': 'true' }, status('x', 'exited')));
  const guard = wards.get('x');
  for (const at of [0, 400, 600]) guard?.act(guard.judge(at, SEES), at);
  t.is(incidents.newest(1)[0]?.cause, 'ended');
  wards.gone('id-x');
  t.is(incidents.newest(1)[0]?.withdrawn?.why, 'its container was removed');
  t.is(incidents.legacy('x', 0).open, undefined);
  t.deepEqual(dropped, ['x']);
});

test('a watch is found by its name and by its container’s', (t) => {
  const { wards } = guardedBy([{ container: 'studio-electricity-meter' }]);
  wards.sees(container('some-lamp', { 'wattdog.watch': 'lamps' }));
  t.is(wards.find('main'), 'main');
  t.is(wards.find('studio-electricity-meter'), 'main');
  t.is(wards.find('some-lamp'), 'lamps');
  t.is(wards.find('nobody'), undefined);
  t.deepEqual(wards.containerNames(), ['studio-electricity-meter', 'some-lamp']);
});
