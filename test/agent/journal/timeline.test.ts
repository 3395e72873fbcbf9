import { join } from 'node:path';
import test from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import { testReading } from '../../support/readings.ts';
import { temporaryFolder } from '../../support/system.ts';

const time = (seq: number) => Date.parse(testReading(seq).time);

test('the readings of a meter are looked up by time, whatever their series', (t) => {
  const journal = new Journal(join(temporaryFolder(t), 'journal.db'));
  t.teardown(() => journal.close());
  const of = (meter: string, seq: number, epoch: string) => ({ meter, reading: testReading(seq, { epoch }) });
  journal.append([of('main', 5, 'e2'), of('main', 1, 'e1'), of('main', 3, 'e1'), of('garage', 4, 'e1')]);
  journal.look(({ timeline }) => {
    t.true(timeline.knows('main'));
    t.false(timeline.knows('attic'));
    t.deepEqual(timeline.newest('main'), testReading(5, { epoch: 'e2' }));
    t.is(timeline.newest('attic'), undefined);
    t.is(timeline.oldest('main'), time(1));
    t.is(timeline.oldest('attic'), undefined);
    t.like(timeline.upTo('main', time(3)), { at: time(3), energy: 0.003, current_2: 2 });
    t.like(timeline.upTo('main', time(5) - 1), { at: time(3) });
    t.is(timeline.upTo('main', time(1) - 1), undefined);
    t.like(timeline.after('main', time(3)), { at: time(5) });
    t.is(timeline.after('main', time(5)), undefined);
    t.deepEqual(
      timeline.between('main', time(1), time(5), 9).map(({ at }) => at),
      [time(1), time(3)],
    );
    t.is(timeline.between('main', time(1), time(5), 1).length, 1);
    t.is(timeline.count('main', time(1), time(5), 9), 2);
    t.is(timeline.count('main', time(1), time(5) + 1, 2), 2);
    t.is(timeline.count('attic', 0, time(9), 9), 0);
  });
  t.deepEqual(
    journal.look(({ rollups }) => rollups.select('day', 0, time(9), 'garage')).map(({ meter }) => meter),
    ['garage'],
  );
});
