import test from 'ava';
import { brokerAddress, localUrl } from '../../../shared/settings/broker-address.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';

test('the embedded broker is reached on this machine, whatever it listens on', (t) => {
  const url = (host: string) => localUrl({ host, port: 1883 });
  t.is(url('127.0.0.1'), 'mqtt://127.0.0.1:1883');
  t.is(url('0.0.0.0'), 'mqtt://127.0.0.1:1883');
  t.is(url('::'), 'mqtt://[::1]:1883');
  t.is(url('::1'), 'mqtt://[::1]:1883');
  t.is(url('localhost'), 'mqtt://localhost:1883');
  for (const host of ['127.0.0.1', '::', '::1']) t.true(URL.canParse(url(host)));
});

test('another broker is reached by its URL', (t) => {
  const input = { url: 'mqtts://h:8883', username: 'u', password: 'p' };
  t.deepEqual(brokerAddress(settingsSchema.parse({ mqtt: input })), input);
  t.is(brokerAddress(settingsSchema.parse({ broker: { port: 1 } })).url, 'mqtt://127.0.0.1:1');
});
