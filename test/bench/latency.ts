/**
 * From the last byte of a serial line to an MQTT subscriber, and to the answer of a query to the store:
 * the real meter and agent as processes, a pty, and VictoriaMetrics. Prints start-up time and memory too.
 *
 *   npm run build && node test/bench/latency.ts [lines]     with socat and victoria-metrics
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { crc16Arc } from '../../meter/decoders/crc.ts';
import { openPty } from '../support/pty.ts';
import { startVictoriaMetrics } from '../support/stores.ts';
import { freePort, temporaryFolder, until } from '../support/system.ts';
import { print, quantile, teardownStack } from './report.ts';

/** The newest current, as a dashboard would ask for it: nothing is flushed for the occasion. */
async function newest(url: string): Promise<number> {
  const query = new URLSearchParams({
    query: 'electricity_current_1_amperes',
    nocache: '1',
    latency_offset: '1ms',
  });
  const answer = (await (await fetch(`${url}/api/v1/query?${query}`)).json()) as {
    data: { result: { value: [number, string] }[] };
  };
  return Number(answer.data.result[0]?.value[1]);
}

const lines = Number(process.argv[2] ?? 200);
/** Lines that warm up compilers and the store's index, and are not counted. */
const WARM_UP = 20;
const entry = new URL('../../dist/wattdog.js', import.meta.url).pathname;
const { t, end } = teardownStack();
try {
  const store = await startVictoriaMetrics(t);
  const pty = await openPty(t);
  const folder = temporaryFolder(t);
  const port = await freePort();
  const wattdog = (command: string, ...args: string[]) => {
    const child = spawn(process.execPath, [entry, command, ...args, '--data', join(folder, command)], {
      stdio: 'ignore',
    });
    t.teardown(async () => {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
    });
    return child;
  };
  const agent = wattdog(
    'agent',
    '--broker.port',
    String(port),
    '--agent.http.port',
    '0',
    '--agent.stores',
    `[{kind: victoriametrics, url: "${store.url}"}]`,
  );
  const subscriber = await until('the broker', 10_000, () =>
    connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 }, false),
  );
  t.teardown(() => subscriber.endAsync(true));
  await subscriber.subscribeAsync('wattdog/main/+');

  const sent = new Map<number, number>();
  const heard: number[] = [];
  let online = 0;
  const started = performance.now();
  const meter = wattdog(
    'meter',
    '--port',
    pty.path,
    '--decoder',
    'panel',
    '--mqtt.url',
    `mqtt://127.0.0.1:${port}`,
    '--meter.settle',
    '0ms',
  );
  subscriber.on('message', (topic, payload) => {
    if (topic.endsWith('/availability') && String(payload) === 'online') online ||= performance.now();
    if (!topic.endsWith('/reading')) return;
    const { current_1 } = JSON.parse(String(payload)) as { current_1: number };
    const at = sent.get(Math.round(current_1 * 1000));
    if (at !== undefined && sent.size > WARM_UP) heard.push(performance.now() - at);
  });
  await until('the meter', 10_000, () => online);
  print(`process start → first publish: ${Math.round(online - started)} ms`);
  await sleep(500);

  const stored: number[] = [];
  for (let seq = 1; seq <= lines + WARM_UP; seq++) {
    const body = `${Math.round(seq / 1000)} 2 ;1,7,${seq},${seq * 1200},${seq},2000,${seq},${2 * seq}`;
    sent.set(seq, performance.now());
    pty.write(`${body}*${crc16Arc(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0')}\n`);
    if (seq % 10 !== 0) {
      await sleep(50);
      continue;
    }
    await until('the reading in the store', 10_000, async () => (await newest(store.url)) === seq / 1000);
    if (seq > WARM_UP) stored.push(performance.now() - (sent.get(seq) ?? 0));
  }
  print(
    `serial byte → MQTT subscriber: p50 ${quantile(heard, 0.5).toFixed(2)} ms, p99 ${quantile(heard, 0.99).toFixed(2)} ms (${heard.length} readings)`,
  );
  print(
    `serial byte → queryable in VictoriaMetrics: p50 ${Math.round(quantile(stored, 0.5))} ms, worst ${Math.round(Math.max(...stored))} ms (${stored.length} readings)`,
  );
  for (const [name, child] of Object.entries({ agent, meter })) {
    const [rss = '?'] = /(?<=VmRSS:\s+)\d+/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
    print(`RSS of the ${name}: ${Math.round(Number(rss) / 1024)} MB`);
  }
} finally {
  await end();
}
