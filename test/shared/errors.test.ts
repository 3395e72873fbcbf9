import test from 'ava';
import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';

test('a reason is the message with its causes, on one line', (t) => {
  const root = new Error('connection refused');
  const middle = new RetryError('writing to the store', { cause: root, afterMs: 5 });
  t.is(
    reason(new GiveUpError('starting', 1, { cause: middle })),
    'starting: writing to the store: connection refused',
  );
});

test('an aggregate without a message of its own tells what it holds', (t) => {
  const both = new AggregateError([new Error('refused on ::1'), new Error('refused on 127.0.0.1')]);
  t.is(reason(both), 'refused on ::1; refused on 127.0.0.1');
  t.is(reason(new AggregateError([new Error('x')], 'all failed')), 'all failed');
});

test('whatever was thrown has a reason', (t) => {
  t.is(reason(new TypeError('')), 'TypeError');
  t.is(reason('text'), 'text');
  t.is(reason(undefined), 'undefined');
  t.is(reason(Object.assign(new Error('a'), { cause: 'why' })), 'a: why');
});

test('the exit code of a person’s errand is 1 unless said otherwise', (t) => {
  t.is(new GiveUpError('x').exitCode, 1);
  t.is(new GiveUpError('x', 78).exitCode, 78);
});
