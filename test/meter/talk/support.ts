import { crc16Modbus } from '../../../meter/decoders/crc.ts';
import type { Decoder, Sample } from '../../../meter/decoders/decoder.ts';
import type { OpenPort } from '../../../meter/port.ts';
import type { Talk } from '../../../meter/talk/talk.ts';
import type { Owner } from '../../support/system.ts';
import type { VirtualTime } from '../../support/virtual-time.ts';

/** A device on a line: it hears bytes, and says some after a while. */
export type Device = (bytes: Uint8Array, say: (bytes: Uint8Array | string, afterMs: number) => void) => void;

/** A talk with a device, on a virtual clock: real bytes, a real decoder, no port. */
export function converse(
  t: Owner,
  time: VirtualTime,
  parts: { decoder: Decoder; device: Device; start: (port: OpenPort) => Talk },
) {
  const closed = new AbortController();
  t.teardown(() => closed.abort());
  const samples: Sample[] = [];
  /** What was written, and to which rate the port was set, each with its time. */
  const events: { at: number; wrote?: string; baud?: number }[] = [];
  const note = (event: object) => events.push({ at: time.monotonic(), ...event });
  const say = (bytes: Uint8Array | string, afterMs: number) =>
    void time.sleep(afterMs, closed.signal).then(
      () => {
        const chunk = Buffer.from(bytes as string, 'latin1');
        const decoded = parts.decoder.push(chunk);
        samples.push(...decoded.samples);
        talk.heard(chunk, decoded);
      },
      () => {},
    );
  const talk = parts.start({
    signal: closed.signal,
    reopen: () => closed.abort(),
    write(bytes) {
      note({ wrote: Buffer.from(bytes).toString('latin1') });
      parts.device(bytes, say);
    },
    async setBaud(baud) {
      note({ baud });
    },
  });
  return { samples, events, running: talk.run(), close: () => closed.abort() };
}

/** A PZEM's answer: 230.0 V, 1.000 A, and the power and energy given. */
export function pzemAnswer(address: number, { watts = 230, wattHours = 0 } = {}): Buffer {
  const frame = Buffer.alloc(25);
  frame.set([address, 4, 20]);
  const words = [2300, 1000, 0, watts * 10, 0, wattHours & 0xffff, wattHours >> 16, 500, 100, 0];
  for (const [index, word] of words.entries()) frame.writeUInt16BE(word, 3 + 2 * index);
  frame.writeUInt16LE(crc16Modbus(frame.subarray(0, -2)), 23);
  return frame;
}
