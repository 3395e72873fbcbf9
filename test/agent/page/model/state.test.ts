import test from 'ava';
import { emptyState, meterOf, receive } from '../../../../agent/page/model/state.ts';
import { testReading } from '../../../support/readings.ts';
import { testMeter } from '../../../support/views.ts';
import { testIncident } from '../../notify/support.ts';

const meter = (name: string) => testMeter({ name });
const watch = (name: string, sentence: string) => ({
  ...{ name, topics: [] },
  verdict: { state: 'healthy' as const, sentence, evidence: {} },
});
const start = receive(emptyState(0), { event: 'meters', data: [meter('main'), meter('attic')] });

test('the first meter is looked at until another is chosen, or it is gone', (t) => {
  t.is(start.chosen, 'main');
  const other = { ...start, chosen: 'attic' };
  t.is(receive(other, { event: 'meters', data: [meter('main'), meter('attic')] }).chosen, 'attic');
  t.is(receive(other, { event: 'meters', data: [meter('main')] }).chosen, 'main');
  t.is(receive(other, { event: 'meters', data: [] }).chosen, undefined);
  const silent = { ...meter('attic'), online: false };
  t.is(receive(emptyState(0), { event: 'meters', data: [silent, meter('main')] }).chosen, 'main');
  t.is(receive(emptyState(0), { event: 'meters', data: [silent] }).chosen, 'attic');
});

test('a reading replaces an older one of its meter', (t) => {
  const newer = receive(start, { event: 'reading', data: { meter: 'main', reading: testReading(2) } });
  t.is(meterOf(newer)?.reading?.seq, 2);
  const older = receive(newer, { event: 'reading', data: { meter: 'main', reading: testReading(1) } });
  t.is(meterOf(older)?.reading?.seq, 2);
  t.is(newer.meters[1]?.reading, null);
  t.is(meterOf(start)?.reading, null, 'the state before is as it was');
});

test('watches come, change and go', (t) => {
  const two = ['main', 'attic'].reduce(
    (state, name) => receive(state, { event: 'watch', data: watch(name, 'first') }),
    start,
  );
  t.deepEqual(
    two.watches.map(({ name }) => name),
    ['attic', 'main'],
  );
  const changed = receive(two, { event: 'watch', data: watch('main', 'second') });
  t.deepEqual(
    changed.watches.map(({ verdict }) => verdict.sentence),
    ['first', 'second'],
  );
  t.is(receive(changed, { event: 'watches', data: [watch('main', 'third')] }).watches.length, 1);
});

test('an incident is one, however often it is told; the newest is first', (t) => {
  const tell = [
    testIncident({ id: 1, detected: 1 }),
    testIncident({ id: 2, detected: 2 }),
    testIncident({ id: 1, detected: 1, recovered: 5 }),
  ];
  const { incidents } = tell.reduce((state, data) => receive(state, { event: 'incident', data }), start);
  t.deepEqual(
    incidents.map(({ id, recovered }) => [id, recovered]),
    [
      [2, undefined],
      [1, 5],
    ],
  );
});
