/**
 * node publisher.ts URL TOPIC PERIOD: a device of somebody else's, which publishes a counter, retained. At SIGUSR2
 * it goes on publishing, but the counter stays.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';

const [url = '', topic = '', period = '1000'] = process.argv.slice(2);
const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 200 }, true);
client.on('error', () => {});
let frozen = false;
process.on('SIGUSR2', () => {
  frozen = true;
});
process.on('SIGTERM', () => process.exit(0));
for (let n = 0; ; n += frozen ? 0 : 1) {
  client.publish(topic, JSON.stringify({ n }), { retain: true });
  await sleep(Number(period));
}
