import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { startBroker } from '../../../broker/broker.ts';
import { meterTopics } from '../../../shared/wire.ts';
import { brokerSettings } from '../../broker/support.ts';
import { silentLog, temporaryFolder } from '../../support/system.ts';
import { teardownStack } from '../report.ts';

const CADENCE = 1200;
const entry = new URL('../../../cli/main.ts', import.meta.url).pathname;

export interface Recording {
  what: string;
  /** ms */
  cadence: number;
  /** ms between two readings that arrived, in tenths. */
  gaps: number[];
}

/** Reads the simulated panel through the real meter process and the real broker for so many minutes. */
export async function record(minutes: number): Promise<Recording> {
  const { t, end } = teardownStack();
  try {
    const broker = await startBroker(brokerSettings(), { log: silentLog });
    t.teardown(() => broker.close());
    const url = `mqtt://127.0.0.1:${broker.mqtt.port}`;
    const subscriber = await connectAsync(url, { protocolVersion: 5 }, false);
    t.teardown(() => subscriber.endAsync(true));
    await subscriber.subscribeAsync(meterTopics('main').reading);
    const gaps: number[] = [];
    let last: number | undefined;
    subscriber.on('message', () => {
      const now = performance.now();
      if (last !== undefined) gaps.push(Math.round((now - last) * 10) / 10);
      last = now;
    });
    const options = ['--mqtt.url', url, '--meter.simulated_cadence', `${CADENCE}ms`];
    const meter = spawn(process.execPath, [entry, 'meter', '--data', temporaryFolder(t), ...options], {
      stdio: 'ignore',
    });
    t.teardown(() => meter.kill());
    await sleep(minutes * 60_000);
    const what =
      'readings of the simulated panel through meter and embedded broker on one machine of two cores';
    return { what, cadence: CADENCE, gaps };
  } finally {
    await end();
  }
}
