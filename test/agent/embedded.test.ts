import test from 'ava';
import { connectAsync } from 'mqtt';
import { startEmbedded } from '../../agent/embedded.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { silentLog, temporaryFolder } from '../support/system.ts';

const settings = (broker: object) => settingsSchema.parse({ broker: { port: 0, ...broker } }).broker;

const connects = async ({
  url,
  username,
  password,
}: {
  url: string;
  username?: string | undefined;
  password?: string | undefined;
}) => {
  const login = username === undefined ? {} : { username, password: password ?? '' };
  const client = await connectAsync(url, { reconnectPeriod: 0, ...login }, false);
  await client.endAsync();
};

test('without users anyone on this machine may connect', async (t) => {
  const { broker, agent, meter } = await startEmbedded(settings({}), silentLog);
  t.teardown(() => broker.close());
  t.deepEqual(agent, { url: `mqtt://127.0.0.1:${broker.mqtt.port}` });
  await connects(meter);
  t.pass();
});

test('with users, the agent and its meter have passwords of their own', async (t) => {
  const { broker, agent, meter } = await startEmbedded(
    settings({ host: '0.0.0.0', credentials: temporaryFolder(t) }),
    silentLog,
  );
  t.teardown(() => broker.close());
  t.is(agent.url, `mqtt://127.0.0.1:${broker.mqtt.port}`);
  await connects(agent);
  await connects(meter);
  t.not(agent.password, meter.password);
  await t.throwsAsync(connects({ url: agent.url }));
  await t.throwsAsync(connects({ ...agent, password: meter.password }));
});
