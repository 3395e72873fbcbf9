import type { Log } from '../shared/log.ts';
import type { Meter } from '../shared/settings/meter.ts';
import type { Time } from '../shared/time.ts';
import { createDecoder } from './decoders/create.ts';
import type { Decoded, Decoder, DecoderOptions } from './decoders/decoder.ts';
import { USUAL_LINE } from './decoders/usual.ts';
import { createSerialPort, identifyDevice } from './device.ts';
import { readPort } from './port.ts';
import { shareOf } from './share.ts';
import { simulatedPort } from './simulate.ts';
import { talkTo } from './talk/create.ts';
import type { Talk } from './talk/talk.ts';

/** ms of silence after which the next byte must begin a line: within one, bytes follow each other. */
const LINE_PAUSE = 100;
const PANEL_PHASES = 2;

/** A meter that is read over a line. */
export interface LineMeter {
  readonly settings: Meter;
  /** @param reopen closes the port; it is then opened again. */
  opened(reopen: (why: string) => void): void;
  /** So many bytes came; of what was made of them, this is the meter's own. */
  heard(bytes: number, decoded: Decoded): void;
  /** The port is gone or could not be opened; it will be tried again. */
  closed(why: string): void;
}

/**
 * Reads one port until the signal aborts, for all the meters behind it: several addresses on a bus, or
 * several channels of one device. It is opened once, asked and decoded once; each meter is given its share.
 */
export function readLine(
  meters: readonly [LineMeter, ...LineMeter[]],
  deps: { time: Time; log: Log; simulatedPart: number },
  signal: AbortSignal,
): Promise<void> {
  const { time } = deps;
  const settings = meters.map((meter) => meter.settings);
  const { port, decoder: format = 'panel', settle, silence, simulated_cadence } = meters[0].settings;
  const { baud = USUAL_LINE[format].baud, framing = USUAL_LINE[format].framing } = meters[0].settings;
  const log = deps.log.child({ port });
  const talkOn = talkTo(settings, { time, log });
  const { path, ...device } =
    port === 'simulated'
      ? simulatedPort(simulated_cadence, { time, part: deps.simulatedPart }, signal)
      : { path: port, createPort: createSerialPort, identify: identifyDevice };
  let decoder: Decoder | undefined;
  let talk: Talk | undefined;
  let trouble = '';
  /** Bytes that nobody's sample was made of yet. */
  let unclaimed = 0;

  return readPort({ path, baud, framing, settle, silence }, { ...device, time }, signal, {
    opened(open) {
      decoder = undefined;
      trouble = '';
      unclaimed = 0;
      for (const meter of meters) meter.opened(open.reopen);
      log.info(
        { decoder: format, meters: settings.map(({ name }) => name) },
        port === 'simulated' ? 'reading a SIMULATED panel' : 'reading the port',
      );
      talk = talkOn?.(open);
      void talk?.run();
    },
    data(chunk, quietMs) {
      decoder ??= createDecoder(format, decoderOptions(settings, quietMs >= LINE_PAUSE));
      const decoded = decoder.push(chunk);
      talk?.heard(chunk, decoded);
      for (const reject of decoded.rejects) log.debug({ reject }, 'a frame was rejected');
      unclaimed += chunk.length;
      const { samples, rejects } = decoded;
      for (const meter of meters) {
        const own = samples.flatMap((sample) => shareOf(sample, meter.settings) ?? []);
        // To one that is silent among others, the line is quiet, whatever these say.
        const isForOthers = meters.length > 1 && own.length === 0 && rejects.length === 0;
        if (!isForOthers) meter.heard(unclaimed, { ...decoded, samples: own });
      }
      if (meters.length === 1 || samples.length > 0 || rejects.length > 0) unclaimed = 0;
    },
    closed(why) {
      for (const meter of meters) meter.closed(why);
      if (why !== trouble) log.warn(`no port: ${why}; trying again`);
      trouble = why;
    },
  });
}

/** What the decoder of a line must know of the meters behind it. */
export function decoderOptions(meters: readonly Meter[], atLineStart: boolean): DecoderOptions {
  const [first] = meters;
  const bytes = (key: string | undefined) => (key === undefined ? undefined : Buffer.from(key, 'hex'));
  const [key, authenticationKey] = [bytes(first?.key), bytes(first?.authentication_key)];
  return {
    // A line of `amps` carries every channel that some meter picks of it, the last of them last.
    phases:
      first?.decoder !== 'amps'
        ? PANEL_PHASES
        : Math.max(...meters.flatMap(({ channels, phases }) => channels ?? phases.length)),
    maxCurrent: Math.max(...meters.map(({ max_current }) => max_current)),
    atLineStart,
    ...(key ? { key } : {}),
    ...(authenticationKey ? { authenticationKey } : {}),
    ...(first ? { checksum: first.checksum } : {}),
  };
}
