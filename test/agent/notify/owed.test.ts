import test from 'ava';
import type { Incident } from '../../../agent/guard/incident.ts';
import { describeIncident } from '../../../agent/notify/message.ts';
import { owed, textOf } from '../../../agent/notify/owed.ts';
import type { Entry } from '../../../agent/notify/queue.ts';
import { calendar } from '../../../agent/notify/words.ts';
import { BEGAN, healed, testIncident, testTry } from './support.ts';

const describe = (incident: Incident) => describeIncident(incident, calendar('UTC'));
const help = { at: BEGAN, why: 'gone' };
const stopped = { tries: [testTry({ result: 'respected' })] };

/** In how many ms an incident that came at 1000 is owed at `now`. */
function wait(incident: Partial<Incident>, edits: boolean, now: number, more: Partial<Entry> = {}) {
  const whole = testIncident(incident);
  const entry: Entry = { key: 'k', service: 's', incident: whole, changed: 0, since: 1000, ...more };
  return owed(entry, describe(whole), edits, now);
}

/** What a service knows that was told of the incident when it stood so. */
function told(incident: Partial<Incident>, id?: string): Partial<Entry> {
  const message = describe(testIncident(incident));
  return { told: { stage: message.stage, text: textOf(message), ...(id === undefined ? {} : { id }) } };
}

test('the first message waits a moment where it can be changed, and longer where it cannot', (t) => {
  t.is(wait({}, true, 1000), 2000);
  t.is(wait({}, true, 3000), 0);
  t.is(wait({}, false, 1000), 15_000);
  t.is(wait({}, false, 20_000), 0);
});

test('what an earlier process left does not wait again', (t) => {
  t.is(wait({}, false, 0, { since: Number.NEGATIVE_INFINITY }), 0);
});

test('a call for help does not wait, nor does what is over', (t) => {
  for (const edits of [true, false]) {
    t.is(wait({ help }, edits, 1000), 0);
    t.is(wait(healed, edits, 1000), 0);
  }
});

test('an operator’s stop is not told, unless it was told before that was known', (t) => {
  for (const edits of [true, false]) {
    t.is(wait(stopped, edits, 99_000), undefined);
    t.is(wait({ ...stopped, recovered: BEGAN + 99_000 }, edits, 99_000), undefined);
    t.is(wait({ ...stopped, help }, edits, 99_000), 0);
  }
  t.is(wait(stopped, true, 99_000, told({}, '42')), 0);
  t.is(wait({ ...stopped, recovered: BEGAN + 99_000 }, false, 99_000, told({})), 0);
});

test('of watches that stall together the first is told; the others when that does not heal them', (t) => {
  const partOf = { id: 7, watch: 'house' };
  for (const edits of [true, false]) {
    t.is(wait({ partOf }, edits, 99_000), undefined);
    t.is(wait({ partOf, recovered: BEGAN + 9000 }, edits, 99_000), undefined);
    t.is(wait({ partOf, help }, edits, 99_000), 0);
    t.is(wait({ partOf, tries: [testTry()] }, edits, 99_000), 0);
  }
});

test('a message that can be changed always says the newest, and nothing twice', (t) => {
  t.is(wait({}, true, 1000, told({}, '42')), undefined);
  t.is(wait({ id: 7, evidence: { silence: 9 } }, true, 1000, told({}, '42')), undefined);
  t.is(wait({ tries: [testTry()] }, true, 1000, told({}, '42')), 0);
  t.is(wait(healed, true, 1000, told(healed, '42')), undefined);
});

test('one that cannot is followed by a call for help and by the end', (t) => {
  t.is(wait({ tries: [testTry()] }, false, 1000, told({})), undefined);
  t.is(wait({ help }, false, 1000, told({})), 0);
  t.is(wait({ help, tries: [testTry()] }, false, 1000, told({ help })), undefined);
  t.is(wait({ ...healed, help }, false, 1000, told({ help })), 0);
  t.is(wait({ ...healed, verdict: 'other words' }, false, 1000, told(healed)), undefined);
});

test('where the id did not come back, a follow-up takes the place of the change', (t) => {
  t.is(wait({ tries: [testTry()] }, true, 1000, told({})), undefined);
  t.is(wait(healed, true, 1000, told({})), 0);
});

test('nothing is owed to who refused', (t) => {
  t.is(wait(healed, true, 1000, { refused: true }), undefined);
});
