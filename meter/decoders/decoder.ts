/** What a meter counts by itself, and goes on counting while nobody reads it. */
export interface Counter {
  /** Changes when the device lost power and its counts began again. */
  boot: number;
  /** Lines since power-on, u32. */
  seq: number;
  /** Milliseconds metered since power-on, u32: wraps after 49.7 days. */
  meteredMs: number;
  /** Charge of each phase since power-on, A·s, u32. */
  ampereSeconds: number[];
}

/** One raw measurement, before anything is made of it. */
export interface Sample {
  /** A, RMS, one for each phase. */
  currents: number[];
  counter?: Counter;
}

/**
 * `fragment`: its start was not seen; `overlong`: no line end in time; `syntax`: not this format;
 * `checksum`: damaged; `range`: no such value can be.
 */
export type RejectReason = 'fragment' | 'overlong' | 'syntax' | 'checksum' | 'range';

export interface Decoded {
  samples: Sample[];
  rejects: RejectReason[];
}

/** Bytes of one serial format, chunked in any way, to samples and rejects. Never throws. */
export interface Decoder {
  push(chunk: Uint8Array): Decoded;
}

export interface DecoderOptions {
  /** How many currents a line must carry. */
  phases: number;
  /** A; more than this on one phase is out of range. */
  maxCurrent: number;
  /** False when the first bytes may be the tail of a line that began before we listened. */
  atLineStart: boolean;
}
