import { cpSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { Journal } from '../../agent/journal/journal.ts';
import type { Reading } from '../../shared/wire.ts';
import { until } from '../support/system.ts';
import { compare, type Result } from './compare.ts';
import type { Pipeline } from './pipeline.ts';

/** Lines at the end that nothing disturbs, in ms. */
const TAIL_MS = 2000;
/** How long meter and agent, and then agent and store, may take to be done; ms. */
const DRAIN_MS = 120_000;
const PAGE = 10_000;

/**
 * With all faults over: reads a few last lines, waits until the outbox is empty and the store holds the journal,
 * and compares. What is missing from the store after the deadline is in the result.
 * @param copy where a copy of the journal goes.
 * @throws when the outbox does not empty.
 */
export async function drain(pipeline: Pipeline, copy: string, marginMs: number): Promise<Result> {
  const { feeder, spans, decoded, full } = pipeline;
  await until('the meter to read again', DRAIN_MS, () => spans.list.at(-1)?.to === Number.POSITIVE_INFINITY);
  await sleep(TAIL_MS);
  await feeder.stop();
  await sleep(marginMs);
  await outboxEmpty(pipeline);
  const readings = await readJournal(pipeline, copy);
  const deadline = Date.now() + DRAIN_MS;
  for (;;) {
    const stored = await pipeline.store.points();
    const result = compare(
      { lines: feeder.lines, spans: spans.list, decoded, full, readings, stored },
      marginMs,
    );
    if (!result.problems.some(({ where }) => where === 'store') || Date.now() > deadline) return result;
    await sleep(500);
  }
}

/** Waits for the meter to say that the journal has all it read. */
async function outboxEmpty({ mqttPort }: Pipeline): Promise<void> {
  let pending: number | undefined;
  const client = await until('the broker', DRAIN_MS, () =>
    connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { protocolVersion: 5, reconnectPeriod: 0 }, false),
  );
  try {
    client.on('message', (_topic, payload, { retain }) => {
      if (!retain) pending = (JSON.parse(String(payload)) as { outbox_pending: number }).outbox_pending;
    });
    await client.subscribeAsync('wattdog/main/diagnostics');
    await until('the outbox to be empty', DRAIN_MS, () => {
      if (pending !== 0) throw new Error(`${pending ?? 'an unknown number of'} readings are in it`);
      return true;
    });
  } finally {
    await client.endAsync(true);
  }
}

/** All of the journal, from a copy: the agent, which goes on working with it, stands still meanwhile. */
async function readJournal({ agent, journal }: Pipeline, copy: string): Promise<Reading[]> {
  await agent.signal('SIGSTOP');
  for (const suffix of ['', '-wal'])
    if (existsSync(journal + suffix)) cpSync(journal + suffix, copy + suffix);
  await agent.signal('SIGCONT');
  const opened = new Journal(copy);
  try {
    const readings: Reading[] = [];
    for (let after = 0; ; ) {
      const page = opened.readAfter(after, PAGE);
      readings.push(...page.map(({ reading }) => reading));
      const last = page.at(-1);
      if (last === undefined) return readings;
      after = last.id;
    }
  } finally {
    opened.close();
  }
}
