import test from 'ava';
import fc from 'fast-check';
import { createEventParser } from '../../shared/server-sent-events.ts';

const parse = (...pieces: string[]) => {
  const take = createEventParser();
  return pieces.flatMap(take);
};

test('events, comments, fields that do not concern us', (t) => {
  const stream = 'retry: 1000\n\n: \n\nevent: watch\ndata: {"a":1}\n\ndata: two\ndata: lines\nid: 7\n\n';
  t.deepEqual(parse(stream), [
    { event: 'watch', data: '{"a":1}' },
    { event: 'message', data: 'two\nlines' },
  ]);
});

test('every end of a line will do, and a half event is kept for the next piece', (t) => {
  t.deepEqual(parse('event: a\r\ndata: 1\r', '\n\r\nevent: b\rdata: 2\r\rdata'), [
    { event: 'a', data: '1' },
    { event: 'b', data: '2' },
  ]);
});

test('it does not matter where a stream is cut', (t) => {
  const stream = ': hello\r\n\r\nevent: reading\ndata: {"p":1}\n\ndata:x\r\n\r\nevent: e\ndata: last\n\n';
  const whole = parse(stream);
  t.is(whole.length, 3);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const pieces = at.slice(1).map((end, index) => stream.slice(at[index], end));
      t.deepEqual(parse(...pieces), whole);
    }),
  );
});
