import test from 'ava';
import type { Incident, Try } from '../../../agent/guard/incident.ts';
import { Incidents } from '../../../agent/guard/incidents.ts';
import { AgentState } from '../../../agent/state.ts';
import { silentLog } from '../../support/system.ts';

const HOUR = 3_600_000;
const incident = (watch: string, more: Partial<Incident> = {}): Omit<Incident, 'id'> => ({
  watch,
  began: 0,
  detected: 1000,
  cause: 'frozen',
  verdict: 'does not answer',
  evidence: {},
  tries: [],
  ...more,
});
const attempt = (at: number, more: Partial<Try> = {}): Try => ({
  at,
  rung: 'restart',
  target: 'x',
  result: 'running',
  detail: '',
  steps: [],
  ...more,
});

function kept(state = new AgentState(':memory:', silentLog)) {
  const told: [event: string, id: number][] = [];
  const incidents = new Incidents(state, (event, { id }) => told.push([event, id]), silentLog);
  return { state, incidents, told };
}

test('every change is told, and what is only to be remembered is not', (t) => {
  const { incidents, told } = kept();
  const opened = incidents.open(incident('a'));
  incidents.save({ ...opened, tries: [attempt(5)] });
  incidents.save({ ...opened, recovered: 7 }, 'recovered');
  t.deepEqual(told, [
    ['stalled', 1],
    ['recovered', 1],
  ]);
  t.is(incidents.newest(1)[0]?.recovered, 7);
  t.deepEqual(incidents.counts('a'), { incidents: 1, restarts: 0 });
  t.deepEqual(incidents.counts('b'), { incidents: 0, restarts: 0 });
  incidents.save(opened, 'restarted');
  t.deepEqual(incidents.counts('a'), { incidents: 1, restarts: 1 });
});

test('what befalls a target while an incident of it is open is a part of that', (t) => {
  const { incidents } = kept();
  const first = incidents.open(incident('a'), 'process 1');
  const [second, third] = ['b', 'c'].map((watch) => incidents.open(incident(watch), 'process 1'));
  t.is(first.partOf, undefined);
  t.deepEqual(second?.partOf, { id: 1, watch: 'a' });
  t.deepEqual(third?.partOf, { id: 1, watch: 'a' });
  t.deepEqual(incidents.newest(1)[0]?.partOf, { id: 1, watch: 'a' });
  t.is(incidents.open(incident('d'), 'process 2').partOf, undefined);
  t.is(incidents.open(incident('e')).partOf, undefined);
  if (second) incidents.save({ ...second, recovered: 8 }, 'recovered');
  t.is(incidents.open(incident('b'), 'process 1').partOf?.id, 1, 'the first is still open');
  incidents.save({ ...first, withdrawn: { at: 9, why: 'its watch is gone' } }, 'withdrawn');
  t.is(incidents.open(incident('b'), 'process 1').partOf, undefined);
});

test('what is left of an earlier life: the open incident of the watch, and its restarts of the last day', (t) => {
  const { incidents } = kept();
  incidents.open(incident('a', { recovered: 5, tries: [attempt(HOUR), attempt(20 * HOUR)] }));
  incidents.open(incident('b', { tries: [attempt(30 * HOUR)] }));
  const open = incidents.open(
    incident('a', {
      tries: [
        attempt(30 * HOUR, { rung: 'reopen' }),
        attempt(30 * HOUR, { result: 'respected' }),
        attempt(31 * HOUR, { result: 'begun' }),
        attempt(99 * HOUR),
      ],
    }),
  );
  t.deepEqual(incidents.legacy('a', 32 * HOUR), {
    open,
    // The clock may have been ahead when the last one was written.
    restarts: [20 * HOUR, 31 * HOUR, 32 * HOUR],
  });
  incidents.save({ ...open, recovered: 40 * HOUR });
  t.is(incidents.legacy('a', 41 * HOUR).open, undefined);
});

test('a disk that takes nothing keeps nobody from telling', (t) => {
  const { state, incidents, told } = kept();
  state.close();
  const opened = incidents.open(incident('a'));
  incidents.save({ ...opened, recovered: 7 }, 'recovered');
  t.deepEqual(told, [
    ['stalled', -1],
    ['recovered', -1],
  ]);
  t.is(incidents.open(incident('a')).id, -2, 'so that they can be told apart');
  t.deepEqual(incidents.newest(10), []);
  t.deepEqual(incidents.legacy('a', 0), { open: undefined, restarts: [] });
});
