import type { BrokerStats } from '../broker/broker.ts';
import type { Reading } from '../shared/wire.ts';
import type { WatchStatus } from './doors/operations.ts';
import type { ForwardStatus } from './forward.ts';
import type { IncidentCounts } from './guard/incidents.ts';
import type { IntakeCounts } from './intake.ts';
import type { JournalCounts } from './journal/journal.ts';
import type { ServiceStatus } from './notify/courier.ts';

/** Everything the agent knows at one moment: what `/metrics`, the live line and the page show. */
export interface AgentStatus {
  /** The newest live reading of each meter. */
  meters: { meter: string; reading: Reading }[];
  /** With what became of each since the agent started. */
  watches: (WatchStatus & { counts: IncidentCounts })[];
  /** The services that people are told by. */
  notify: ServiceStatus[];
  stores: ForwardStatus[];
  intake: IntakeCounts;
  /** `trouble` says why nothing is stored at present. */
  journal: JournalCounts & { trouble: string | undefined };
  /** Undefined where the broker is another process. */
  broker: BrokerStats | undefined;
  /** Whether the agent has a session with its broker. */
  connected: boolean;
}
