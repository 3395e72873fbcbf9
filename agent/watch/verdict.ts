import type { ProbeAnswer } from '../../shared/wire.ts';
import type { Limits } from './cadence.ts';

/**
 * `learning`: too little seen to judge by; `healthy`; `suspect`: something is missing; `stalled`: convicted;
 * `blind`: we ourselves cannot see, so nothing is concluded; `held`: somebody wants it left alone;
 * `recovering`: healed, and being watched for fresh messages.
 */
export type State = 'learning' | 'healthy' | 'suspect' | 'stalled' | 'blind' | 'held' | 'recovering';

/**
 * What is wrong with a suspect or convict, which decides how it is healed. `frozen`: its process does not
 * answer; `ended`: its container or process does not run; `paused`; `unhealthy`: its own health check says
 * so; `departed`: it lost its session and does not come back; `port`: it lives but cannot open its port;
 * `line`: its port is open and silent; `rejects`: what comes over the line is refused; `stuck`: it sends,
 * but the same again and again; `silence`: nothing more is known.
 */
export type Cause =
  | 'frozen'
  | 'ended'
  | 'paused'
  | 'unhealthy'
  | 'departed'
  | 'port'
  | 'line'
  | 'rejects'
  | 'stuck'
  | 'silence';

/** All that a verdict rests on; durations in ms. What is not known is absent. */
export interface Evidence {
  /** Since the last sign of life. */
  silence?: number;
  /** What is usual, what is suspicious and what convicts on these topics. */
  limits?: Limits;
  /** Our question to the meter: how long it has been open, and how long is too long at present. */
  probe?: { unanswered: number; limit: number };
  /** Which process of it is stopped, where somebody has looked. */
  stopped?: string;
  /** The meter's own last answer, and how old it is. */
  meter?: ProbeAnswer & { age: number };
  /** Since the broker announced that its session is gone. */
  departed?: number;
  /** The container behind it, as the engine last showed it. */
  container?: ContainerEvidence;
  /** ms since it last ended by itself, though it may run again by now. */
  ended?: Pick<ContainerEvidence, 'exitCode' | 'oomKilled'> & { for: number };
  /** A field of the payload that should move, and for how long it has not. */
  progress?: { field: string; value: string; unmoved: number };
  /** Fresh messages since it was healed, of those that prove it. */
  fresh?: number;
  /** Why we cannot see. */
  blindness?: string;
  /** Why it is left alone. */
  hold?: string;
}

export interface ContainerEvidence {
  name: string;
  /** The engine's word: created, running, paused, restarting, removing, exited or dead. */
  status: string;
  /** What its health check says, where it has one: starting, healthy or unhealthy. */
  health?: string;
  exitCode?: number;
  oomKilled?: boolean;
  /** ms that it has been in this status, as far as we saw it. */
  for?: number;
}

/** What a watch concludes, and from what. */
export interface Verdict {
  state: State;
  /** Of a suspect or convict. */
  cause?: Cause;
  /** In words for a person. */
  sentence: string;
  evidence: Evidence;
}
