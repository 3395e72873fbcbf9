import { existsSync, realpathSync } from 'node:fs';
import { USUAL_LINE } from '../../meter/decoders/usual.ts';
import { holderOf } from '../../meter/holder.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { describeDevices, listDevices } from '../../shared/serial-devices.ts';
import type { Meter } from '../../shared/settings/meter.ts';
import { duration } from '../../shared/settings/rules.ts';
import type { Time } from '../../shared/time.ts';
import type { Arguments } from '../arguments.ts';
import { refusalOf, settingsBeforeDecoder } from '../ports.ts';
import type { Screen } from '../screen.ts';
import { ASKED } from './ask.ts';
import { listen, type Wanted } from './listen.ts';
import { createJsonTeller, createTeller } from './teller.ts';
import { describeTrouble, type Line } from './words.ts';

const FRAMINGS = ['8N1', '7E1', '7O1', '8E1', '7N1', '8N2'] as const;

/**
 * Listens to a port and tells what comes, and which decoders understand it.
 * @throws GiveUpError unless one does.
 */
export async function sniff(
  args: Arguments,
  environment: NodeJS.ProcessEnv,
  deps: { out: Screen; notes: Screen; time: Time },
  signal: AbortSignal,
): Promise<void> {
  const { meter } = settingsBeforeDecoder(args, environment);
  const wanted = readWanted(args.options, meter);
  const { path, framing, ask } = wanted;
  requireFree(path);
  const teller = args.options.json === undefined ? createTeller(deps) : createJsonTeller(deps);
  teller.note(
    path === 'simulated'
      ? 'listening to the SIMULATED panel'
      : `opening ${path}${wanted.baud === 'auto' ? '' : ` at ${wanted.baud} baud`}; this may reset the device, which then boots for some seconds${ask === undefined ? '' : `; ${ask} is asked`}`,
  );
  const { heard, baud, failure } = await listen(wanted, meter, { teller, time: deps.time }, signal);
  const { device_address: address, wake_up: wakeUp } = meter;
  const line: Line = { path: stableName(path), baud, framing, ask, address, wakeUp };
  teller.end({ line, heard });
  if (failure !== undefined) throw failure;
  if (heard.trials.winner() === undefined)
    throw new GiveUpError(
      `sniffing ${path}: a decoder must understand what comes, but ${describeTrouble(heard, line)}`,
    );
}

/** The name that the device keeps when it is plugged in anew. */
function stableName(path: string): string {
  if (path === 'simulated' || !existsSync(path)) return path;
  const tty = realpathSync(path);
  return describeDevices().find((device) => device.tty === tty)?.path ?? path;
}

/** @throws GiveUpError with exit code 2 for options that cannot be. */
function readWanted(
  { port, baud, framing, ask, for: time, lines }: Arguments['options'],
  meter: Meter,
): Wanted {
  const refuse = (rule: string, got: string | undefined) =>
    new GiveUpError(`sniffing: ${rule}, got ${got ?? 'nothing'}`, 2);
  if (port === undefined && meter.port === 'simulated')
    throw refuse(
      `--port must name one of ${listDevices().join(', ') || '(none is plugged in)'}, or simulated`,
      port,
    );
  const path = port ?? meter.port;
  if (baud !== undefined && baud !== 'auto' && !/^\d{2,7}$/.test(baud))
    throw refuse('--baud must be bits per second such as 9600, or auto', baud);
  if (baud === 'auto' && path === 'simulated')
    throw refuse('--baud must be left out for the simulated panel, which has none', baud);
  const asked = ASKED.find((format) => format === ask);
  if (ask !== undefined && asked === undefined) throw refuse(`--ask must be ${ASKED.join(' or ')}`, ask);
  if (asked !== undefined && path === 'simulated')
    throw refuse('--ask must be left out for the simulated panel, which speaks by itself', ask);
  if (asked !== undefined && baud === 'auto')
    throw refuse('--baud must be a number, or left out, where the meter is asked', baud);
  const framed = FRAMINGS.find((each) => each === framing);
  if (framing !== undefined && framed === undefined)
    throw refuse(`--framing must be one of ${FRAMINGS.join(', ')}`, framing);
  const { data: forMs, error } = duration.optional().safeParse(time);
  if (error) throw refuse(`--for ${error.issues[0]?.message}`, time);
  if (lines !== undefined && !/^[1-9]\d{0,8}$/.test(lines))
    throw refuse('--lines must be a whole number from 1 on', lines);
  // Only listening, eight bits show most: seven with a parity are seen to be that.
  const usual = asked && USUAL_LINE[asked];
  const rate = meter.baud ?? usual?.baud ?? USUAL_LINE[meter.decoder ?? 'panel'].baud;
  return {
    path,
    baud: baud === 'auto' ? baud : Number(baud ?? rate),
    framing: framed ?? meter.framing ?? usual?.framing ?? '8N1',
    ask: asked,
    forMs,
    lines: Number(lines ?? Number.POSITIVE_INFINITY),
  };
}

/** @throws GiveUpError where opening it would fail, or take bytes from somebody else. */
function requireFree(path: string): void {
  if (path === 'simulated') return;
  if (!existsSync(path))
    throw new GiveUpError(
      `sniffing ${path}: must exist, but does not; found ${listDevices().join(', ') || 'no serial device'}`,
    );
  const refusal = refusalOf(path);
  if (refusal !== undefined) throw new GiveUpError(`sniffing ${path}: must be readable, got ${refusal}`);
  const holder = holderOf(path);
  if (holder !== undefined)
    throw new GiveUpError(
      `sniffing ${path}: nobody else may have it open, or bytes would be lost to both, but it is ${holder}; end that first`,
    );
}
