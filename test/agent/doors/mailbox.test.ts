import test from 'ava';
import fc from 'fast-check';
import { type Letter, Mailbox } from '../../../agent/doors/mailbox.ts';

/** What is in it, read to the end. */
async function drain(mailbox: Mailbox<string>): Promise<string[]> {
  const end = new AbortController();
  const read: string[] = [];
  mailbox.put({ key: 'end', content: 'END' });
  for await (const content of mailbox.read(end.signal)) {
    if (content === 'END') end.abort();
    else read.push(content);
  }
  return read;
}

test('letters come in order, those of a key as they are now', async (t) => {
  const mailbox = new Mailbox<string>(10);
  mailbox.put({ content: 'r1' });
  mailbox.put({ key: 'a', content: 'a1' });
  mailbox.put({ content: 'r2' });
  mailbox.put({ key: 'b', content: 'b1' });
  mailbox.put({ key: 'a', content: 'a2' });
  t.deepEqual(await drain(mailbox), ['r1', 'r2', 'b1', 'a2']);
});

test('who is slow misses the oldest of those that may be missed, and nothing else', async (t) => {
  const mailbox = new Mailbox<string>(2);
  mailbox.put({ key: 'a', content: 'a1' });
  for (const content of ['r1', 'r2', 'r3', 'r4']) mailbox.put({ content });
  t.deepEqual(await drain(mailbox), ['a1', 'r3', 'r4']);
});

test('what has been read is missed by nobody, and makes room', async (t) => {
  const mailbox = new Mailbox<string>(2);
  const reader = mailbox.read(new AbortController().signal);
  for (const content of ['r1', 'r2']) mailbox.put({ content });
  t.is((await reader.next()).value, 'r1');
  t.is((await reader.next()).value, 'r2');
  for (const content of ['r3', 'r4']) mailbox.put({ content });
  t.deepEqual(await drain(mailbox), ['r3', 'r4']);
});

test('a reader waits for the next letter, and until it is told to stop', async (t) => {
  const mailbox = new Mailbox<string>(2);
  const stop = new AbortController();
  const reader = mailbox.read(stop.signal);
  const next = reader.next();
  mailbox.put({ content: 'r1' });
  t.deepEqual(await next, { done: false, value: 'r1' });
  const last = reader.next();
  stop.abort();
  t.deepEqual(await last, { done: true, value: undefined });
});

test('whatever is put and read, states are never missed and the rest is bounded', async (t) => {
  const letter = fc.record({ key: fc.constantFrom('a', 'b', undefined), isRead: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(letter, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      async (script, most) => {
        const mailbox = new Mailbox<string>(most);
        const end = new AbortController();
        const reader = mailbox.read(end.signal);
        const newest = new Map<string, string>();
        const read: string[] = [];
        const put: string[] = [];
        let unread = 0;
        for (const [number, { key, isRead }] of script.entries()) {
          const content = `${key ?? 'r'}${number}`;
          const sent: Letter<string> = key === undefined ? { content } : { key, content };
          mailbox.put(sent);
          put.push(content);
          unread += 1;
          if (key !== undefined) newest.set(key, content);
          if (!isRead || unread === 0) continue;
          read.push(String((await reader.next()).value));
          unread = 0;
        }
        await reader.return(undefined);
        read.push(...(await drain(mailbox)));
        for (const content of newest.values()) t.true(read.includes(content));
        t.is(new Set(read).size, read.length, 'nothing comes twice');
        const places = read.map((content) => put.indexOf(content));
        t.deepEqual(
          places,
          places.toSorted((a, b) => a - b),
          'nothing overtakes',
        );
      },
    ),
  );
});
