import { type Backoff, exponential } from '../../shared/backoff.ts';
import type { Log } from '../../shared/log.ts';
import { Notifier } from '../../shared/notifier.ts';
import { ANNOTATIONS } from '../../shared/settings/notify.ts';
import type { NotifySettings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import type { Incident } from '../guard/incident.ts';
import { annotations } from './annotations.ts';
import { Courier, type ServiceStatus } from './courier.ts';
import { Sender } from './http.ts';
import { describeIncident, type Message } from './message.ts';
import { Queue } from './queue.ts';
import type { Service } from './service.ts';
import { createService } from './services/create.ts';
import { calendar } from './words.ts';

/** ms; a service that fails is asked this often in the end, for as long as it takes. */
const LONGEST_BACKOFF = 60_000;

export interface Messenger {
  /** Takes the incident as it now stands; costs next to nothing, never waits and never throws. */
  tell(incident: Incident): void;
  /** Delivers until the signal aborts. No service waits for another. */
  run(signal: AbortSignal): Promise<void>;
  status(): ServiceStatus[];
  /** To be called once `run` has ended. */
  close(): Promise<void>;
}

export interface MessengerOptions {
  /** Of the queue's database file. */
  path: string;
  /** Of the moments in messages; undefined for this machine's. */
  zone: string | undefined;
  time: Time;
  log: Log;
  /** ms for one request. */
  deadline?: number;
  backoff?: Backoff;
}

/**
 * Tells people about incidents: one message each, which follows its incident where the service can change it.
 * @throws when the queue's file cannot be opened.
 */
export function createMessenger(settings: NotifySettings, options: MessengerOptions): Messenger {
  const { path, zone, time, log, deadline, backoff = exponential(1000, LONGEST_BACKOFF) } = options;
  const services = servicesOf(settings);
  const names = services.map(({ name }) => name);
  const queue = new Queue(path, names, { time, log });
  const sender = new Sender(time.now, deadline);
  const bell = new Notifier();
  const deps = { queue, sender, bell, describe: describer(zone), page: settings.page, time, log, backoff };
  const couriers = services.map(({ name, service }) => new Courier(name, service, deps));

  return {
    tell(incident) {
      queue.put(structuredClone(incident), names);
      bell.notify();
    },
    async run(signal) {
      await Promise.all(couriers.map((courier) => courier.run(signal)));
    },
    status: () => couriers.map((courier) => courier.status()),
    async close() {
      queue.close();
      await sender.close();
    },
  };
}

/** Remembers what it said of an incident that has not changed: the words are asked for at every look. */
function describer(zone: string | undefined): (incident: Incident) => Message {
  const dates = calendar(zone);
  const said = new WeakMap<Incident, Message>();
  return (incident) => {
    const message = said.get(incident) ?? describeIncident(incident, dates);
    said.set(incident, message);
    return message;
  };
}

function servicesOf({ services, grafana }: NotifySettings): { name: string; service: Service }[] {
  return [
    ...services.map((settings) => ({
      name: settings.name ?? settings.kind,
      service: createService(settings),
    })),
    ...(grafana === undefined ? [] : [{ name: ANNOTATIONS, service: annotations(grafana) }]),
  ];
}
