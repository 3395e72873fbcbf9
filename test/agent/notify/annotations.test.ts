import test from 'ava';
import { annotations } from '../../../agent/notify/annotations.ts';
import { BEGAN, healed, noticeOf } from './support.ts';

const grafana = annotations({ url: 'http://grafana:3000/sub', token: 'glsa_1', dashboard: 'abc', panel: 4 });
const everywhere = annotations({ url: 'http://grafana:3000', token: 'glsa_1' });

test('a region is opened at the last sign of life', (t) => {
  const { method, url, headers, body } = grafana.request(noticeOf({ verdict: 'a < b' }));
  t.is(method, 'POST');
  t.is(url, 'http://grafana:3000/sub/api/annotations');
  t.is(headers.authorization, 'Bearer glsa_1');
  t.deepEqual(JSON.parse(body), {
    dashboardUID: 'abc',
    panelId: 4,
    time: BEGAN,
    text: 'main froze\nLast sign of life at 14:03:02 on 15 January.\nA &lt; b.',
    tags: ['wattdog', 'main'],
  });
});

test('it is closed at the first fresh message', (t) => {
  const { method, url, body } = grafana.request(noticeOf(healed), '17');
  t.is(method, 'PATCH');
  t.is(url, 'http://grafana:3000/sub/api/annotations/17');
  const { text, ...rest } = JSON.parse(body);
  t.deepEqual(rest, { tags: ['wattdog', 'main'], timeEnd: BEGAN + 9800 });
  t.regex(text, /^main is back after 9.8 s\n/);
});

test('one that is already over is a region at once, and never ends before it began', (t) => {
  const over = JSON.parse(everywhere.request(noticeOf({ ...healed, drill: true })).body);
  t.like(over, { time: BEGAN, timeEnd: BEGAN + 9800, tags: ['wattdog', 'main', 'drill'] });
  t.false('dashboardUID' in over || 'panelId' in over);
  const gone = JSON.parse(
    everywhere.request(noticeOf({ withdrawn: { at: BEGAN + 7, why: 'removed' } })).body,
  );
  t.is(gone.timeEnd, BEGAN + 7);
  const back = JSON.parse(everywhere.request(noticeOf({ recovered: BEGAN - 1 })).body);
  t.is(back.timeEnd, BEGAN);
});

test('the id is a number in the answer', (t) => {
  t.is(grafana.idOf?.({ message: 'Annotation added', id: 17 }), '17');
  t.is(grafana.idOf?.({ message: 'Annotation added' }), undefined);
});
