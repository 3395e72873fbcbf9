import { Registry } from 'prom-client';
import type { RequestCounts } from '../doors/requests.ts';
import type { AgentStatus } from '../status.ts';
import type { State } from '../watch/verdict.ts';
import type { HookCounts } from './hooks.ts';
import { addMeters } from './meter-metrics.ts';
import { addProcess } from './process-metrics.ts';
import { counter, gauge, type Sample } from './samples.ts';

/** What came in by the doors, counted by what became of it. */
export interface Doors {
  hooks: Readonly<HookCounts>;
  requests: Readonly<RequestCounts>;
}

const STATES: State[] = ['learning', 'healthy', 'suspect', 'stalled', 'blind', 'held', 'recovering'];
/** Names come from outside: no scrape may grow without bound. */
const MOST_METERS = 100;

/**
 * The live state as Prometheus text, made from a status when it is asked for. It has no past: readings
 * that came late are in the stores, not here.
 */
export async function renderMetrics(status: AgentStatus, doors: Doors): Promise<string> {
  const to = new Registry();
  addMeters(to, status.meters.slice(0, MOST_METERS));
  addWatches(to, status);
  addStores(to, status);
  addJournal(to, status);
  addDoors(to, doors);
  addBroker(to, status);
  addProcess(to);
  return to.metrics();
}

function addWatches(to: Registry, { watches, notify }: AgentStatus): void {
  gauge(
    to,
    'wattdog_watch_state',
    'What each watch concludes: 1 for its present state, 0 for every other.',
    watches.flatMap(({ name, verdict }) =>
      STATES.map((state): Sample => [{ watch: name, state }, verdict.state === state]),
    ),
  );
  gauge(
    to,
    'wattdog_watch_silence_seconds',
    'Time since the last sign of life.',
    watches.flatMap(({ name, verdict: { evidence } }): Sample[] =>
      evidence.silence === undefined ? [] : [[{ watch: name }, evidence.silence / 1000]],
    ),
  );
  gauge(
    to,
    'wattdog_watch_held',
    '1 while a watch is left alone by a hold or for maintenance.',
    watches.map(({ name, heldUntil }) => [{ watch: name }, heldUntil !== undefined]),
  );
  counter(
    to,
    'wattdog_watch_incidents_total',
    'Stalls since the agent started.',
    watches.map(({ name, counts }) => [{ watch: name }, counts.incidents]),
  );
  counter(
    to,
    'wattdog_watch_restarts_total',
    'Restarts of what stalled, since the agent started.',
    watches.map(({ name, counts }) => [{ watch: name }, counts.restarts]),
  );

  const each = (value: (service: (typeof notify)[number]) => number): Sample[] =>
    notify.map((service) => [{ service: service.name }, value(service)]);
  const count = (name: 'sent' | 'failures' | 'refused', help: string) =>
    counter(
      to,
      `wattdog_notify_${name}_total`,
      help,
      each((service) => service[name]),
    );
  count('sent', 'Messages and changes of them that a service took.');
  count('failures', 'Tries to tell that did not succeed.');
  count('refused', 'Incidents that a service will hear no more of.');
  const pending = each((service) => service.pending);
  gauge(to, 'wattdog_notify_pending', 'Incidents a service has still to be told of.', pending);
}

function addStores(to: Registry, { stores }: AgentStatus): void {
  const each = (value: (store: (typeof stores)[number]) => number | boolean): Sample[] =>
    stores.map((store) => [{ store: store.name }, value(store)]);
  const count = (name: 'written' | 'rejected' | 'retries', help: string) =>
    counter(
      to,
      `wattdog_store_${name}_total`,
      help,
      each((store) => store[name]),
    );
  const up = each((store) => store.downSince === undefined);
  gauge(to, 'wattdog_store_up', '0 while a store is away.', up);
  const lag = each((store) => store.lag);
  gauge(to, 'wattdog_store_lag_readings', 'Journalled readings a store has still to be given.', lag);
  count('written', 'Readings a store acknowledged.');
  count('rejected', 'Readings a store refused for good.');
  count('retries', 'Writes that failed and were tried again.');
  gauge(
    to,
    'wattdog_store_last_success_timestamp_seconds',
    'When a store last took something.',
    stores.flatMap(({ name, lastSuccess }): Sample[] =>
      lastSuccess === undefined ? [] : [[{ store: name }, lastSuccess / 1000]],
    ),
  );
}

function addJournal(to: Registry, { intake, journal }: AgentStatus): void {
  const count = (name: string, help: string, value: number) =>
    counter(to, `wattdog_${name}_total`, help, [[{}, value]]);
  count('intake_received', 'Readings that came in, again or for the first time.', intake.received);
  count('intake_stored', 'Readings the journal did not have yet.', intake.stored);
  count('intake_rejected', 'Messages that were no readings.', intake.rejected);
  count('intake_failed', 'Commits the disk refused.', intake.failed);
  count('journal_expired', 'Readings that left for their age or the journal’s size.', journal.expired);
  count('journal_unforwarded', 'Of these, readings a store was still to be given.', journal.unforwarded);
  count('journal_dead_letters_dropped', 'Dead letters that made room for newer.', journal.lettersDropped);
  count('journal_set_aside', 'Journals that were found damaged.', journal.setAside);
  const help = '0 while the journal cannot be written.';
  gauge(to, 'wattdog_journal_up', help, [[{}, journal.trouble === undefined]]);
}

function addDoors(to: Registry, { hooks, requests }: Doors): void {
  const each = (counts: object): Sample[] =>
    Object.entries(counts).map(([result, count]) => [{ result }, Number(count)]);
  const alerts = 'Alerts that came in by webhook, and requests that were none.';
  counter(to, 'wattdog_hooks_total', alerts, each(hooks));
  counter(to, 'wattdog_requests_total', 'Requests that came in by MQTT.', each(requests));
}

function addBroker(to: Registry, { broker, connected }: AgentStatus): void {
  const help = '1 while the agent has a session with its broker.';
  gauge(to, 'wattdog_broker_session_up', help, [[{}, connected]]);
  if (broker === undefined) return;
  const count = (name: string, help: string, value: number) =>
    counter(to, `wattdog_broker_${name}_total`, help, [[{}, value]]);
  const sockets = 'Sockets that are open at the embedded broker.';
  gauge(to, 'wattdog_broker_connections', sockets, [[{}, broker.connections]]);
  gauge(to, 'wattdog_broker_clients', 'How many of them speak MQTT.', [[{}, broker.connected]]);
  count('refused', 'Connections over the limit.', broker.refused);
  count('denied', 'Connections with a wrong user name or password.', broker.denied);
  count('messages', 'Messages that clients published.', broker.messages);
  count('forbidden', 'Topics and filters that were refused to clients.', broker.forbidden);
  count('dropped', 'Messages left out for a session that was full.', broker.dropped);
  count('stalled', 'Subscribers that stopped reading.', broker.stalled);
}
