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

/** What is told of one phase, or of one channel of a device that measures several circuits. */
export interface Phase {
  /** A, RMS; negative where the device tells a direction and it is outwards. */
  current?: number;
  /** V, RMS. */
  voltage?: number;
  /** W; negative while it feeds out. */
  power?: number;
  /** kWh, this channel's own register as it stands. */
  energy?: number;
}

/** The device's own energy registers as they stand, kWh; of several rates, from 1, each and what they come to. */
export interface Registers {
  import?: number;
  export?: number;
  importRates?: Record<number, number>;
  exportRates?: Record<number, number>;
}

/** One raw measurement, before anything is made of it; what a format does not tell is absent. */
export interface Sample {
  /** The device that told it, where several share a line. */
  address?: number;
  /** The device's own identity, such as its serial number: another one's registers are not to be compared. */
  device?: string;
  /** In the device's order; a phase that it does not tell of is an empty object. */
  phases: Phase[];
  /** W over all phases; negative while it feeds out. */
  power?: number;
  /** VA and var over all phases. */
  apparentPower?: number;
  reactivePower?: number;
  powerFactor?: number;
  /** Hz. */
  frequency?: number;
  /** What our own firmware counts. */
  counter?: Counter;
  registers?: Registers;
  /** m³, as the meter behind this one stands; of several, the newest. */
  gas?: number;
  water?: number;
  /** Currency per kWh, as the meter tells it. */
  price?: number;
  /** What kind of watts `power` is; absent where it is real power. */
  powerBasis?: 'apparent' | 'power_factor';
  /** Some of what it covers was counted by nobody. */
  estimated?: true;
}

/**
 * `fragment`: its start was not seen; `overlong`: no end in time; `syntax`: not this format;
 * `checksum`: damaged; `range`: no such value can be; `key`: encrypted, and the key is missing or another.
 */
export type RejectReason = 'fragment' | 'overlong' | 'syntax' | 'checksum' | 'range' | 'key';

/**
 * Worth knowing of a frame that was accepted. `bcc`: its checksum is wrong, as that of some meters always
 * is; `unchecked`: it carries none; `kermit`: its checksum is of the variant that few meters use.
 */
export type Remark = 'bcc' | 'unchecked' | 'kermit';

export interface Decoded {
  samples: Sample[];
  rejects: RejectReason[];
  remarks?: Remark[];
}

/** Bytes of one serial format, chunked in any way, to samples and rejects. Never throws. */
export interface Decoder {
  push(chunk: Uint8Array): Decoded;
}

export interface DecoderOptions {
  /** How many currents a line of `amps` must carry; 2 for `panel`. */
  phases: number;
  /** A; more than this on one phase is out of range. */
  maxCurrent: number;
  /** False when the first bytes may be the tail of a frame that began before we listened. */
  atLineStart: boolean;
  /** 16 bytes each, for encrypted telegrams of `dsmr`. */
  key?: Uint8Array;
  authenticationKey?: Uint8Array;
  /** What to do with a wrong checksum where real meters send wrong ones (`d0`). */
  checksum?: 'warn' | 'refuse';
}
