/** Who may publish what, and who may read what; pure. */
import { isLoopback } from '../shared/settings/rules.ts';
import type { BrokerSettings } from '../shared/settings/schema.ts';
import { meterTopics } from '../shared/wire.ts';

export type BrokerUser = BrokerSettings['users'][number];
export type Role = BrokerUser['role'];

const everyMeter = meterTopics('+');

/** Topic filters. `#` does not reach `$SYS`, as MQTT-4.7.2-1 has it: that tree is the broker's own. */
const RIGHTS: Record<Role, { publish: string[]; read: string[] }> = {
  meter: {
    publish: [
      everyMeter.reading,
      everyMeter.backlog,
      everyMeter.availability,
      everyMeter.diagnostics,
      everyMeter.profile,
      everyMeter.echo,
    ],
    read: [everyMeter.stored, everyMeter.probe, everyMeter.command],
  },
  agent: { publish: ['#'], read: ['#', '$SYS/#'] },
  reader: {
    // Home Assistant says when it starts, and deletes the announcement of a device that is removed there.
    publish: ['homeassistant/#', 'wattdog/agent/request/#'],
    read: ['wattdog/#', 'homeassistant/#'],
  },
};

/** Whether `role` may publish to `topic`; never with a wildcard in it, which a last will may carry. */
export function mayPublish(role: Role, topic: string): boolean {
  return !/[+#]/.test(topic) && RIGHTS[role].publish.some((filter) => covers(filter, topic));
}

/**
 * Whether all that `filter`, a topic or a topic filter, can ever match is open to `role`. A filter that
 * reaches further is refused whole: a quiet cut would look like silence.
 */
export function mayRead(role: Role, filter: string): boolean {
  return RIGHTS[role].read.some((allowed) => covers(allowed, filter));
}

/** Whether every topic that `inner` matches is matched by `outer` as well. A topic is a filter of itself. */
export function covers(outer: string, inner: string): boolean {
  const wide = outer.split('/');
  const narrow = inner.split('/');
  // A leading wildcard never matches a topic that starts with `$` (MQTT-4.7.2-1).
  if (inner.startsWith('$') && /^[+#]/.test(outer)) return false;
  for (const [index, level] of wide.entries()) {
    if (level === '#') return true;
    const other = narrow[index];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return narrow.length === wide.length;
}

/**
 * Whether a web page may open a WebSocket. Browsers let any page in the world try 127.0.0.1, so where no
 * password guards the broker, only pages of this machine may. Programs other than browsers send no origin.
 */
export function mayOpenWebSocket(origin: string | undefined, open: boolean): boolean {
  if (!open || origin === undefined) return true;
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}
