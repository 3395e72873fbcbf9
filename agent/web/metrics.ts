import { Gauge, Registry } from 'prom-client';
import type { RequestCounts } from '../doors/requests.ts';
import type { AgentStatus } from '../status.ts';
import type { HookCounts } from './hooks.ts';

/** What came in by the doors, counted by what became of it. */
export interface Doors {
  hooks: Readonly<HookCounts>;
  requests: Readonly<RequestCounts>;
}

/**
 * The live state as Prometheus text, made from a status when it is asked for. It has no past: readings
 * that came late are in the stores, not here.
 */
export async function renderMetrics(status: AgentStatus, doors: Doors): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labels: string[] = []) =>
    new Gauge({ name: `wattdog_${name}`, help, labelNames: labels, registers: [registry] });

  const power = gauge('meter_power_watts', 'Power of the newest live reading.', [
    'meter',
    'basis',
    'quality',
  ]);
  const energy = gauge('meter_energy_kilowatthours_total', 'Energy total of the newest live reading.', [
    'meter',
  ]);
  const cost = gauge(
    'meter_cost_total',
    'Cost total of the newest live reading, in the currency of the tariff.',
    ['meter'],
  );
  const seen = gauge('meter_reading_timestamp_seconds', 'Time of the newest live reading.', ['meter']);
  for (const { meter, reading } of status.meters) {
    power.set({ meter, basis: reading.power_basis, quality: reading.quality }, reading.power);
    energy.set({ meter }, reading.energy);
    cost.set({ meter }, reading.cost);
    seen.set({ meter }, Date.parse(reading.time) / 1000);
  }

  const verdict = gauge('watch_state', '1 for the present verdict of each watch.', ['watch', 'state']);
  const silence = gauge('watch_silence_seconds', 'Time since the last sign of life.', ['watch']);
  const held = gauge('watch_held', '1 while a watch is left alone by a hold or for maintenance.', ['watch']);
  for (const { name, verdict: present, heldUntil } of status.watches) {
    held.set({ watch: name }, heldUntil === undefined ? 0 : 1);
    verdict.set({ watch: name, state: present.state }, 1);
    if (present.evidence.silence !== undefined) silence.set({ watch: name }, present.evidence.silence / 1000);
  }

  gauge('incidents_total', 'Incidents since the agent started.').set(status.incidents);
  const sent = gauge('notify_sent_total', 'Messages and changes of them that a service took.', ['service']);
  const failures = gauge('notify_failures_total', 'Tries to tell that did not succeed.', ['service']);
  const unheard = gauge('notify_refused_total', 'Incidents that a service will hear no more of.', [
    'service',
  ]);
  const pending = gauge('notify_pending', 'Incidents a service has still to be told of.', ['service']);
  for (const service of status.notify) {
    sent.set({ service: service.name }, service.sent);
    failures.set({ service: service.name }, service.failures);
    unheard.set({ service: service.name }, service.refused);
    pending.set({ service: service.name }, service.pending);
  }

  const written = gauge('store_written_total', 'Readings a store acknowledged.', ['store']);
  const rejected = gauge('store_rejected_total', 'Readings a store refused for good.', ['store']);
  const retries = gauge('store_retries_total', 'Writes that failed and were tried again.', ['store']);
  const lag = gauge('store_lag_readings', 'Journalled readings a store has still to be given.', ['store']);
  const up = gauge('store_up', '0 while a store is away.', ['store']);
  for (const store of status.stores) {
    written.set({ store: store.name }, store.written);
    rejected.set({ store: store.name }, store.rejected);
    retries.set({ store: store.name }, store.retries);
    lag.set({ store: store.name }, store.lag);
    up.set({ store: store.name }, store.downSince === undefined ? 1 : 0);
  }

  for (const [name, value] of Object.entries(status.intake))
    gauge(`intake_${name}_total`, `Intake: ${name}.`).set(value);
  const { trouble, expired, unforwarded, lettersDropped, setAside } = status.journal;
  gauge('journal_up', '0 while the journal cannot be written.').set(trouble === undefined ? 1 : 0);
  gauge('journal_expired_total', 'Readings that left for their age or the journal’s size.').set(expired);
  gauge('journal_unforwarded_total', 'Of these, readings a store was still to be given.').set(unforwarded);
  gauge('journal_dead_letters_dropped_total', 'Dead letters that made room for newer ones.').set(
    lettersDropped,
  );
  gauge('journal_set_aside_total', 'Journals that were found damaged.').set(setAside);

  const hooks = gauge('hooks_total', 'Alerts that came in by webhook, and requests that were none.', [
    'result',
  ]);
  for (const [result, count] of Object.entries(doors.hooks)) hooks.set({ result }, count);
  const requests = gauge('requests_total', 'Requests that came in by MQTT.', ['result']);
  for (const [result, count] of Object.entries(doors.requests)) requests.set({ result }, count);

  for (const [name, value] of Object.entries(status.broker ?? {}))
    gauge(`broker_${name}`, `Embedded broker: ${name}.`).set(value);
  gauge('broker_session_up', '1 while the agent has a session with its broker.').set(
    status.connected ? 1 : 0,
  );
  gauge('process_resident_memory_bytes', 'Resident memory of the agent.').set(process.memoryUsage.rss());

  // What only grows is a counter, whatever object it was read from.
  const metrics = await registry.metrics();
  return metrics.replace(/^# TYPE (\S+_total) gauge$/gm, '# TYPE $1 counter');
}
