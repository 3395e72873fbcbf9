import test from 'ava';
import { endpoint } from '../../../agent/stores/endpoint.ts';

const common = { layout: 'default', timeout: 10_000, batch: 5000 } as const;

test('each kind has its path, its query and its way to authenticate', (t) => {
  t.deepEqual(endpoint({ ...common, kind: 'victoriametrics', url: 'http://vm:8428' }), {
    origin: 'http://vm:8428',
    headers: {},
    write: '/write?precision=ms',
  });
  t.deepEqual(
    endpoint({
      ...common,
      kind: 'influxdb1',
      url: 'http://influx:8086/',
      database: 'studio',
      username: 'u',
      password: 'p',
    }),
    {
      origin: 'http://influx:8086',
      headers: { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
      write: '/write?db=studio&precision=ms',
      createDatabase: '/query?q=CREATE+DATABASE+%22studio%22',
    },
  );
  t.deepEqual(
    endpoint({
      ...common,
      kind: 'influxdb2',
      url: 'https://influx',
      org: 'my home',
      bucket: 'b/1',
      token: 't',
    }),
    {
      origin: 'https://influx',
      headers: { authorization: 'Token t' },
      write: '/api/v2/write?org=my+home&bucket=b%2F1&precision=ms',
    },
  );
  t.deepEqual(
    endpoint({ ...common, kind: 'influxdb3', url: 'http://influx:8181', database: 'home', token: 't' }),
    {
      origin: 'http://influx:8181',
      headers: { authorization: 'Bearer t' },
      write: '/api/v3/write_lp?db=home&precision=millisecond',
    },
  );
});

test('a path in the address stays in front: a cluster, a proxy', (t) => {
  const { write } = endpoint({
    ...common,
    kind: 'victoriametrics',
    url: 'http://vm:8480/insert/0/influx/',
  });
  t.is(write, '/insert/0/influx/write?precision=ms');
});

test('a database name cannot end its quotes', (t) => {
  const { createDatabase = '' } = endpoint({
    ...common,
    kind: 'influxdb1',
    url: 'http://influx:8086',
    database: 'a"; DROP DATABASE "b\\',
  });
  t.is(
    new URL(createDatabase, 'http://influx').searchParams.get('q'),
    'CREATE DATABASE "a\\"; DROP DATABASE \\"b\\\\"',
  );
});
