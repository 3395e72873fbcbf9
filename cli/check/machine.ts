/** What this machine itself must have: nothing here is opened or changed. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { USUAL_LINE } from '../../meter/decoders/usual.ts';
import { holderOf } from '../../meter/holder.ts';
import { createPricing, findTariff } from '../../meter/tariff/pricing.ts';
import { reason } from '../../shared/errors.ts';
import { listDevices } from '../../shared/serial-devices.ts';
import type { Meter } from '../../shared/settings/meter.ts';
import { metersOf } from '../../shared/settings/meters.ts';
import type { Settings } from '../../shared/settings/schema.ts';
import { refusalOf } from '../ports.ts';
import type { Finding } from './finding.ts';

/** Bytes; with less, a database cannot be begun. */
const LEAST_ROOM = 50e6;
/** A holder other than a program that a meter of ours runs as. */
const STRANGER = /\((?!(node|wattdog)\))/;

/** @param name of the finding. */
export function checkPort({ port, decoder = 'panel', ...meter }: Meter, name: string): Finding {
  const { baud = USUAL_LINE[decoder].baud, framing = USUAL_LINE[decoder].framing } = meter;
  const found = (finding: Omit<Finding, 'name'>): Finding => ({ name, ...finding });
  const devices = listDevices();
  const others = devices.length === 0 ? 'no serial device is plugged in' : `there is ${devices.join(', ')}`;
  if (port === 'simulated')
    return found({
      result: 'warn',
      sentence: `a meter with these settings reads a SIMULATED panel; ${others}`,
      advice: 'wattdog ports, then wattdog sniff --port PATH',
    });
  if (!existsSync(port))
    return found({
      result: 'fail',
      sentence: `${port} is not there; ${others}`,
      advice: 'plug it in, or see wattdog ports; in a container, give it /dev',
    });
  const refusal = refusalOf(port);
  if (refusal !== undefined) return found({ result: 'fail', sentence: `${port}: ${refusal}` });
  const holder = holderOf(port);
  if (holder !== undefined && STRANGER.test(holder))
    return found({ result: 'fail', sentence: `${port} is ${holder}`, advice: 'end that first' });
  const use = `${decoder} at ${baud} baud ${framing}`;
  return found({ result: 'ok', sentence: `${port}, ${use}${holder === undefined ? '' : `, ${holder}`}` });
}

export function checkData(settings: Settings): Finding {
  const { data, agent } = settings;
  const meters = metersOf(settings);
  const found = (finding: Omit<Finding, 'name'>): Finding => ({ name: 'data folder', ...finding });
  const folder = nearest(resolve(data));
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    const outboxes = meters.map(({ name }) => `outbox-${name}.db`);
    for (const file of ['journal.db', 'agent.db', ...outboxes])
      if (existsSync(join(data, file))) accessSync(join(data, file), constants.R_OK | constants.W_OK);
  } catch (error) {
    return found({
      result: 'fail',
      sentence: `${data} must be writable for this user, but is not (${reason(error)})`,
      advice: 'chown it, or choose another with data',
    });
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const most = meters.reduce((size, { outbox_size }) => size + outbox_size, agent.journal.size);
  const where = folder === resolve(data) ? data : `${data}, to be made in ${folder},`;
  const room = `${where} has ${gigabytes(free)} free`;
  if (free < LEAST_ROOM) return found({ result: 'fail', sentence: room, advice: 'make room' });
  if (free < most)
    return found({
      result: 'warn',
      sentence: `${room}; journal and outbox may grow to ${gigabytes(most)}`,
      advice: 'lower agent.journal.size and meter.outbox_size; then the oldest readings go first',
    });
  return found({ result: 'ok', sentence: room });
}

/** @param name of the finding. @throws GiveUpError with exit code 78 where there is no such tariff. */
export function checkTariff(setting: Meter['tariff'], name: string, now: number): Finding {
  const tariff = findTariff(setting, name);
  const { price, period } = createPricing(tariff).at(now);
  const sentence = `${tariff.name}: now ${period}, ${price} ${tariff.currency} per kWh`;
  return { name, result: 'ok', sentence };
}

/** The folder, or the one above it that exists. */
function nearest(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : nearest(dirname(folder));
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
