import type { Meter } from '../../shared/settings/meter.ts';
import { addressOf } from '../../shared/settings/meters.ts';
import { USUAL_LINE } from '../decoders/usual.ts';
import type { OpenPort } from '../port.ts';
import { talkD0 } from './d0.ts';
import { talkPzem } from './pzem.ts';
import type { Talk, TalkDeps } from './talk.ts';

/** How the meters of one line are asked; undefined where they speak by themselves. */
export function talkTo(meters: readonly Meter[], deps: TalkDeps): ((port: OpenPort) => Talk) | undefined {
  const [first] = meters;
  if (first?.poll === undefined) return undefined;
  const { decoder, poll: period, settle, baud = USUAL_LINE.d0.baud } = first;
  const { device_address: address, wake_up: wakeUp } = first;
  if (decoder === 'd0') return (port) => talkD0(port, { period, settle, baud, address, wakeUp }, deps);
  const addresses = meters.map(addressOf);
  return (port) => talkPzem(port, { period, settle, addresses }, deps);
}
