import test from 'ava';
import { settingsSchema } from '../../../shared/settings/schema.ts';

const issues = (input: object) =>
  (settingsSchema.safeParse(input).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

const refused: [what: string, input: object, problem: RegExp][] = [
  [
    'a broker for all without users',
    { broker: { host: '0.0.0.0' } },
    /^broker\.host: .*unless broker\.users/,
  ],
  ['the same, spelled otherwise', { broker: { host: '::' } }, /^broker\.host/],
  [
    'an HTTP server for all without token',
    { agent: { http: { host: '192.168.1.2' } } },
    /^agent\.http\.host/,
  ],
  ['a real port without decoder', { meter: { port: '/dev/ttyACM0' } }, /^meter\.decoder: .*never guessed/],
  [
    'a simulated port with another decoder',
    { meter: { decoder: 'amps' } },
    /^meter\.decoder: must be `panel`/,
  ],
  [
    'a simulated panel of one phase',
    { meter: { phases: [{}] } },
    /^meter\.phases: must have exactly 2 .*has 1/,
  ],
  [
    'a real panel of three phases',
    { meter: { port: '/dev/x', decoder: 'panel', phases: [{}, {}, {}] } },
    /^meter\.phases: must have exactly 2 .*has 3/,
  ],
  [
    'two stores of one name',
    { agent: { stores: [1, 2].map(() => ({ kind: 'victoriametrics', url: 'http://h' })) } },
    /^agent\.stores\.1\.name: must differ .*victoriametrics/,
  ],
  [
    'a store with its password in the URL',
    { agent: { stores: [{ kind: 'influxdb1', url: 'http://u:p@h' }] } },
    /^agent\.stores\.0\.url: must not hold a user or password/,
  ],
  ['an hour without unit', { meter: { silence: '10' } }, /^meter\.silence: must be a number with a unit/],
  ['a duration no timer can hold', { meter: { max_gap: '25d' } }, /^meter\.max_gap: must be at most 24d/],
  [
    'a stall sooner than blindness is noticed',
    { agent: { watches: [{ name: 'x', topics: ['x'], stall_after: '2s' }] } },
    /^agent\.watches\.0\.stall_after: must be at least 3s/,
  ],
  [
    'two watches of one name',
    { agent: { watches: [1, 2].map(() => ({ name: 'x', topics: ['x'] })) } },
    /^agent\.watches\.1\.name: must differ from every other watch’s name, is x again/,
  ],
  [
    'a filter with # in its middle',
    { agent: { watches: [{ name: 'x', topics: ['a/#/b'] }] } },
    /^agent\.watches\.0\.topics\.0: must be a topic, with \+ and # only where/,
  ],
  [
    'half of a user and password',
    { agent: { hooks: { username: 'grafana' } } },
    /^agent\.hooks\.password: must be given together/,
  ],
  [
    'a maintenance window without an end',
    { agent: { maintenance: [{ from: '02:00' }] } },
    /^agent\.maintenance\.0\.to: /,
  ],
  [
    'a tariff that leaves moments without price',
    {
      meter: {
        tariff: { name: 'x', currency: 'USD', zone: 'UTC', periods: [{ name: 'x', price: 1, months: [1] }] },
      },
    },
    /^meter\.tariff\.periods\.0: must have no condition/,
  ],
  [
    'a tariff in a zone that is none',
    { meter: { tariff: { name: 'x', currency: 'USD', zone: 'Mars', periods: [{ name: 'x', price: 1 }] } } },
    /^meter\.tariff\.zone: must be an IANA time zone/,
  ],
];

for (const [what, input, problem] of refused)
  test(`refused: ${what}`, (t) => {
    const [issue = '', ...more] = issues(input);
    t.regex(issue, problem);
    t.deepEqual(more, []);
  });

const hash = 'scrypt:16384:8:1:AAAA:AAAA';
const accepted: [what: string, input: object][] = [
  [
    'a broker for all with users',
    { broker: { host: '0.0.0.0', users: [{ name: 'm', role: 'meter', password_hash: hash }] } },
  ],
  ['a broker for all with credentials to be made', { broker: { host: '0.0.0.0', credentials: 'c' } }],
  [
    'any host where the broker is elsewhere',
    { broker: { host: '0.0.0.0' }, mqtt: { url: 'mqtts://h:8883' } },
  ],
  ['an HTTP server for all with a token', { agent: { http: { host: '0.0.0.0', token: 'x' } } }],
  [
    'an HTTP server for all with a token to be made',
    { broker: { credentials: 'c' }, agent: { http: { host: '0.0.0.0' } } },
  ],
  ['loopback by any name', { broker: { host: 'localhost' }, agent: { http: { host: '127.1.2.3' } } }],
  ['a real port of one phase', { meter: { port: '/dev/ttyUSB0', decoder: 'amps', phases: [{}] } }],
  ['a URL with an @ in its path', { agent: { stores: [{ kind: 'victoriametrics', url: 'http://h/a@b' }] } }],
];

for (const [what, input] of accepted)
  test(`accepted: ${what}`, (t) => {
    t.deepEqual(issues(input), []);
  });

test('what one section is refused for is said together with what is wrong in another', (t) => {
  const found = issues({
    broker: { host: '0.0.0.0' },
    meter: { baud: 'x', port: '/dev/x' },
    agent: { http: { host: '::' } },
  });
  t.deepEqual(found.map((issue) => issue.split(':')[0]).toSorted(), [
    'agent.http.host',
    'broker.host',
    'meter.baud',
  ]);
});
