import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { holderOf } from '../meter/holder.ts';
import { describeDevices, type SerialDevice } from '../shared/serial-devices.ts';
import { metersOf } from '../shared/settings/meters.ts';
import type { Settings } from '../shared/settings/schema.ts';
import type { Arguments } from './arguments.ts';
import type { Screen } from './screen.ts';
import { settingsFor } from './settings.ts';
import { printRows, type Row } from './table.ts';

const NONE = `no serial device is plugged in, or none can be seen from here

  plugged in?   some USB cables only carry power; \`dmesg | tail\` shows what the system sees of a new device
  container?    it sees only the devices it is given: volume /dev:/dev, and the rules c 166:* rmw, c 188:* rmw
  machine?      a virtual one must be given the USB device; a board's own port may be off (raspi-config)

\`wattdog up\` without --port reads a simulated panel meanwhile`;

/** A device, and what only looking at it tells. */
interface Port extends SerialDevice {
  /** Such as `held by pid 123 (node)`; null where nobody is seen to have it open. */
  holder: string | null;
  /** Why we may not open it; null where we may. */
  refused: string | null;
  /** Whether the settings name it. */
  configured: boolean;
}

/**
 * The settings, or those of whoever has not found the decoder yet: a real port must name it, and what finds
 * it must not ask for it.
 */
export function settingsBeforeDecoder(args: Arguments, environment: NodeJS.ProcessEnv): Settings {
  try {
    return settingsFor(args, environment);
  } catch {
    // What is wrong beside the decoder is said by these.
    const { ask, port = '/dev/undecided' } = args.options;
    const flags: Record<string, string> =
      ask === 'd0'
        ? { 'meter.poll': '5s', ...args.flags, 'meter.port': port, 'meter.decoder': ask }
        : { ...args.flags, 'meter.decoder': 'panel', 'meter.phases': '[{}, {}]' };
    return settingsFor({ ...args, flags }, environment);
  }
}

export function listPorts(args: Arguments, environment: NodeJS.ProcessEnv, out: Screen): void {
  const { options } = args;
  const configured = metersOf(settingsBeforeDecoder(args, environment))
    .filter(({ port, computed }) => port !== 'simulated' && computed === undefined)
    .map(({ port }) => port);
  const ports = describeDevices().map((device) => inspect(device, configured));
  printRows(out, { items: ports, json: options.json }, portRow, {
    none: NONE,
    leaveOut: ['tty', 'usb', 'driver', 'device', 'settings'],
    styleOf: (heading, cell) => (heading === 'state' && cell.startsWith('no ') ? 'yellow' : undefined),
  });
  if (options.json !== undefined) return;
  const missing = configured.filter((port) => !ports.some((device) => isNamed(device, port)));
  if (missing.length > 0)
    out.write(`\nthe settings name another, which is not among them: ${[...new Set(missing)].join(', ')}\n`);
  const [first] = ports;
  if (first !== undefined) out.write(`\nto hear what one sends: wattdog sniff --port ${first.path}\n`);
}

/** @param configured the ports of the settings, by any of their names. */
export function inspect(device: SerialDevice, configured: readonly string[]): Port {
  return {
    ...device,
    holder: holderOf(device.tty) ?? null,
    refused: refusalOf(device.tty) ?? null,
    configured: configured.some((port) => isNamed(device, port)),
  };
}

function isNamed({ path, tty }: SerialDevice, name: string): boolean {
  return [path, tty].includes(name) || sameFile(tty, name);
}

export function portRow({ path, tty, vendor, product, driver, usb, ...port }: Port): Row {
  return {
    port: path,
    tty: tty === path ? '' : tty,
    device: [vendor, product].filter(Boolean).join(' ') || (usb === undefined ? 'the board’s own' : ''),
    usb: usb ?? '',
    driver: driver ?? '',
    state: port.refused ?? port.holder ?? 'free',
    settings: port.configured ? 'meter.port' : '',
  };
}

/** Why this user may not read and write a device, and what would change that; undefined where he may. */
export function refusalOf(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return undefined;
    const group = groupOf(path);
    return `no permission: join the group ${group} (sudo usermod -aG ${group} $USER, then log in anew; in a container group_add)`;
  }
}

/** The name of the group that owns a file, or its number where nobody has named it. */
function groupOf(path: string): string {
  const gid = String(statSync(path, { throwIfNoEntry: false })?.gid);
  try {
    const groups = readFileSync('/etc/group', 'utf8').split('\n');
    return groups.map((line) => line.split(':')).find((fields) => fields[2] === gid)?.[0] ?? gid;
  } catch {
    return gid;
  }
}

function sameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
