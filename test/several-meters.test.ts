/** Several meters of one process and a real agent: ports go, processes are killed, and the totals are exact. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { stringify } from 'yaml';
import { crc16Arc } from '../meter/decoders/crc.ts';
import type { Reading } from '../shared/wire.ts';
import { runWattdog, startUp } from './cli/support.ts';
import { pzemAnswer } from './meter/talk/support.ts';
import { openClient } from './support/brokers.ts';
import { openPty } from './support/pty.ts';
import { realTest } from './support/real.ts';
import { eventually, temporaryFolder, until } from './support/system.ts';

/** Long enough for any machine. */
const ENOUGH = 60_000;
const VOLTS = 100;

/** What each meter has counted; nothing flows before it is switched on. */
class House {
  /** A·s. */
  grid = 1000;
  other = 2000;
  /** Wh. */
  car = 5000;
  heat = 7000;
  #seq = 0;

  /** Ten seconds, as far as the meters are concerned. */
  use(): void {
    this.grid += 20_000;
    this.other += 50;
    this.car += 100;
    this.heat += 40;
  }

  line(ampereSeconds: number): string {
    this.#seq += 1;
    const body = `5 0 ;1,9,${this.#seq},${this.#seq * 1000},5000,0,${ampereSeconds},0`;
    return `${body}*${crc16Arc(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0')}\n`;
  }
}

realTest('socat')(
  'two ports and a bus in one process: one is unplugged, all is killed, and every total is exact',
  async (t) => {
    const house = new House();
    const [grid, other, bus] = [await openPty(t), await openPty(t), await openPty(t)];
    bus.onWritten((bytes) => {
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        const address = bytes[at] ?? 0;
        if (address === 1) bus.write(pzemAnswer(1, { wattHours: house.car }));
        if (address === 2) bus.write(pzemAnswer(2, { wattHours: house.heat }));
      }
    });
    const timer = setInterval(() => {
      grid.write(house.line(house.grid));
      other.write(house.line(house.other));
    }, 200);
    t.teardown(() => clearInterval(timer));

    const cwd = temporaryFolder(t);
    const panel = { decoder: 'panel', phases: [{ voltage: VOLTS }, { voltage: VOLTS }] };
    const pzem = { port: bus.path, decoder: 'pzem', poll: '200ms' };
    const meters = [
      { name: 'grid', port: grid.path, ...panel },
      { name: 'other', port: other.path, ...panel },
      { name: 'car', ...pzem },
      { name: 'heat', ...pzem, address: 2 },
      { name: 'absent', ...pzem, address: 3 },
      { name: 'unplugged', port: join(cwd, 'nowhere'), decoder: 'sml' },
      { name: 'rest', computed: { plus: ['grid'], minus: ['car', 'heat'] } },
    ];
    const meter = { settle: '0s', max_gap: '2s', max_current: 20_000 };
    writeFileSync(join(cwd, 'wattdog.yaml'), stringify({ meter, meters }));
    const { url, meterPid } = await startUp(t, [], { cwd });
    const reader = await openClient(t, url, 'wattdog/+/reading', 'wattdog/+/backlog', 'wattdog/+/stored');
    const newest = (name: string): Reading | undefined => {
      const found = reader.received.findLast(({ topic }) => topic === `wattdog/${name}/reading`);
      return found && (JSON.parse(found.payload) as Reading);
    };
    const energy = (name: string) => newest(name)?.energy ?? Number.NaN;
    const isNear = (name: string, kWh: number) => Math.abs(energy(name) - kWh) < 1e-6;
    const read = ['grid', 'other', 'car', 'heat', 'rest'];
    const count = (name: string) =>
      reader.received.filter(({ topic }) => topic === `wattdog/${name}/reading`).length;
    const goOn = async (...names: string[]) => {
      const before = new Map(names.map((name) => [name, count(name)]));
      await until(`${names} to go on`, ENOUGH, () =>
        names.every((name) => count(name) > (before.get(name) ?? 0) + 2),
      );
    };
    const kill = async () => {
      const pid = await until('the meter', ENOUGH, meterPid);
      process.kill(pid, 'SIGKILL');
      await until('another meter', ENOUGH, () => ![undefined, pid].includes(meterPid()));
    };

    await goOn(...read);
    house.use();
    await goOn(...read);

    await bus.unplug();
    house.use();
    await goOn('grid', 'other');
    await kill();
    house.use();
    await goOn('grid', 'other');
    await bus.plug();
    await goOn(...read);
    house.use();
    await kill();
    house.use();
    await goOn(...read);
    await grid.unplug();
    house.use();
    await goOn('other', 'car', 'heat');
    await grid.plug();
    await goOn(...read);

    // Six times: 20 kA·s at 100 V, 100 Wh and 40 Wh.
    const whole = (6 * 20_000 * VOLTS) / 3_600_000;
    await eventually(t, async (t) => {
      t.true(isNear('grid', whole), `${energy('grid')}`);
      t.true(isNear('rest', whole - 6 * 0.14), `${energy('rest')}`);
      t.true(isNear('car', 0.6), `${energy('car')}`);
      t.true(isNear('heat', 0.24), `${energy('heat')}`);
      t.true(isNear('other', (6 * 50 * VOLTS) / 3_600_000), `${energy('other')}`);
    });
    t.is(newest('absent'), undefined);
    t.is(newest('unplugged'), undefined);

    for (const name of read) {
      const { epoch, seq } = newest(name) ?? {};
      await until(`all of ${name} to be stored`, ENOUGH, () =>
        reader.received.some(
          ({ topic, payload }) =>
            topic === `wattdog/${name}/stored` &&
            JSON.parse(payload).epoch === epoch &&
            JSON.parse(payload).seq >= (seq ?? 0),
        ),
      );
    }
  },
);

test('a tariff that there is not is said of the meter that names it', async (t) => {
  const WATTDOG_METERS = '[{ name: a }, { name: b }, { name: c, tariff: sce-tou }]';
  for (const command of ['up', 'meter', 'check']) {
    const { code, err } = await runWattdog(t, [command], { env: { WATTDOG_METERS } });
    t.is(code, 78);
    t.regex(err, /tariff of c: must be written out or be one of .*, got "sce-tou"/);
  }
});
