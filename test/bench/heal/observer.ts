import { connect } from 'mqtt';
import type { Owner } from '../../support/system.ts';

/** Something that the agent said, by when it came; ms since 1970. */
export interface Told {
  at: number;
  watch: string;
  /** Such as `stalled`, `restarted`, `recovered`. */
  event: string;
}

export interface Judged {
  at: number;
  watch: string;
  state: string;
  /** Not said by every version. */
  cause?: string;
  sentence: string;
}

/** What an agent says over MQTT, for as long as there is a broker to say it. */
export interface Observer {
  readonly told: readonly Told[];
  /** Changes of the verdicts; the state at the time of our own connecting is repeated. */
  readonly judged: readonly Judged[];
  /** When the last live reading of any meter came; 0 before the first. */
  readonly lastReading: number;
  /** The last verdict on a watch since `from` and in this connection; what was said in one before may be outdated. */
  verdict(watch: string, from?: number): Judged | undefined;
}

/** Connects again, quickly, whenever the broker was away; ends with the test. */
export function observe(
  t: Owner,
  url: string,
  credentials: { username?: string; password?: string } = {},
): Observer {
  const told: Told[] = [];
  const judged: Judged[] = [];
  let connected = Number.POSITIVE_INFINITY;
  let lastReading = 0;
  const client = connect(url, { protocolVersion: 5, reconnectPeriod: 200, ...credentials });
  t.teardown(() => client.endAsync(true));
  client.on('error', () => {});
  client.on('connect', () => {
    connected = Date.now();
    client.subscribe(['wattdog/agent/event/+', 'wattdog/agent/watch/+', 'wattdog/+/reading']);
  });
  client.on('close', () => {
    connected = Number.POSITIVE_INFINITY;
  });
  client.on('message', (topic, payload, { retain }) => {
    const at = Date.now();
    if (topic.endsWith('/reading')) {
      if (!retain) lastReading = at;
      return;
    }
    const said = JSON.parse(String(payload)) as Record<string, string>;
    const {
      event_type: event = '',
      watch = topic.slice(topic.lastIndexOf('/') + 1),
      state = '',
      sentence = '',
    } = said;
    if (topic.startsWith('wattdog/agent/event/')) told.push({ at, watch, event });
    else if (state !== '')
      judged.push({ at, watch, state, sentence, ...(said.cause ? { cause: said.cause } : {}) });
  });
  return {
    told,
    judged,
    get lastReading() {
      return lastReading;
    },
    verdict: (watch, from = 0) =>
      judged.findLast((verdict) => verdict.watch === watch && verdict.at >= Math.max(from, connected)),
  };
}
