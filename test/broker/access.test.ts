import test from 'ava';
import fc from 'fast-check';
import { covers, mayOpenWebSocket, mayPublish, mayRead, type Role } from '../../broker/access.ts';
import { isLoopback } from '../../shared/settings/rules.ts';
import { agentTopics, meterTopics } from '../../shared/wire.ts';

const main = meterTopics('main');

const PUBLISH: [Role, string, boolean][] = [
  ['meter', main.reading, true],
  ['meter', main.backlog, true],
  ['meter', main.availability, true],
  ['meter', main.diagnostics, true],
  ['meter', main.profile, true],
  ['meter', 'homeassistant/device/main/config', false],
  ['meter', main.stored, false],
  ['meter', agentTopics.state, false],
  ['meter', 'wattdog/main/reading/deeper', false],
  ['meter', 'wattdog/+/reading', false],
  ['agent', main.stored, true],
  ['agent', 'anything/at/all', true],
  ['agent', '$SYS/uptime', false],
  ['agent', '$SYS', false],
  ['agent', 'anything/#', false],
  ['reader', 'homeassistant/status', true],
  ['reader', 'wattdog/agent/request/restart/main', true],
  ['reader', main.reading, false],
  ['reader', main.stored, false],
  ['reader', 'homeassistant/device/main/config', true],
  ['reader', agentTopics.meter('main'), false],
];

const READ: [Role, string, boolean][] = [
  ['meter', main.stored, true],
  ['meter', 'wattdog/+/stored', true],
  ['meter', main.reading, false],
  ['meter', 'wattdog/+/+', false],
  ['meter', 'wattdog/#', false],
  ['meter', '#', false],
  ['agent', '#', true],
  ['agent', '$SYS/#', true],
  ['reader', 'wattdog/#', true],
  ['reader', 'wattdog/+/reading', true],
  ['reader', 'wattdog', true],
  ['reader', 'homeassistant/+/+/config', true],
  ['reader', '#', false],
  ['reader', '+/+/reading', false],
  ['reader', '$SYS/#', false],
  ['reader', '$share/group/wattdog/#', false],
];

for (const [role, topic, allowed] of PUBLISH) {
  test(`${role} ${allowed ? 'may' : 'may not'} publish to ${topic}`, (t) => {
    t.is(mayPublish(role, topic), allowed);
  });
}

for (const [role, filter, allowed] of READ) {
  test(`${role} ${allowed ? 'may' : 'may not'} read ${filter}`, (t) => {
    t.is(mayRead(role, filter), allowed);
  });
}

const level = fc.constantFrom('a', 'b', '$x', '');
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filters = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '/#'),
  )
  .map(([levels, rest]) => levels.join('/') + rest)
  .chain((filter) => fc.constantFrom(filter, filter, filter, '#'));

/** MQTT's matching as a regular expression: another way to say it than the one under test. */
function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const pattern = filter
    .split('/')
    .map((part) => (part === '+' ? '[^/]*' : part === '#' ? '.*' : part.replace('$', '\\$')))
    .join('/')
    .replace(/\/\.\*$/, '(/.*)?');
  return new RegExp(`^${pattern}$`).test(topic);
}

test('a filter covers exactly the topics it matches', (t) => {
  fc.assert(
    fc.property(filters, topics, (filter, topic) => covers(filter, topic) === matches(filter, topic)),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a filter that is covered leaks no topic', (t) => {
  fc.assert(
    fc.property(filters, filters, topics, (outer, inner, topic) => {
      fc.pre(covers(outer, inner) && matches(inner, topic));
      return matches(outer, topic);
    }),
    { numRuns: 2000, maxSkipsPerRun: 1000 },
  );
  t.pass();
});

test('a filter that is not covered would leak a topic', (t) => {
  fc.assert(
    fc.property(filters, filters, (outer, inner) => {
      // `+/#` matches all that `#` does, every topic having a first level; saying no to it is safe.
      fc.pre(!covers(outer, inner) && !(outer === '+/#' && inner === '#'));
      const base = inner.replaceAll('+', 'z');
      const witnesses =
        inner === '#' ? ['z', 'z/z/z/z/z/z'] : [base.replace('/#', ''), base.replace('#', 'z/z/z/z/z/z')];
      return witnesses.some((topic) => matches(inner, topic) && !matches(outer, topic));
    }),
    { numRuns: 2000, maxSkipsPerRun: 1000 },
  );
  t.pass();
});

test('only this machine counts as loopback', (t) => {
  for (const host of ['127.0.0.1', '127.255.3.4', '::1', '[::1]', 'localhost'])
    t.true(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.evil.example', 'evil.example', ''])
    t.false(isLoopback(host), host);
});

test('a foreign web page may not open a WebSocket to an open broker', (t) => {
  t.true(mayOpenWebSocket(undefined, true));
  t.true(mayOpenWebSocket('http://localhost:8080', true));
  t.true(mayOpenWebSocket('http://[::1]:8080', true));
  t.false(mayOpenWebSocket('https://evil.example', true));
  t.false(mayOpenWebSocket('null', true));
  t.true(mayOpenWebSocket('https://panel.example', false));
});
