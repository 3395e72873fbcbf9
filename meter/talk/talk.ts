import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import type { Decoded } from '../decoders/decoder.ts';

/** The asking of those who answer only when they are asked. */
export interface Talk {
  /** Is told what came over the line, and what was made of it. */
  heard(chunk: Uint8Array, decoded: Decoded): void;
  /** Asks until the port closes. */
  run(): Promise<void>;
}

export interface TalkDeps {
  time: Time;
  log: Log;
}
