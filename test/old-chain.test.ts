import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setInterval } from 'node:timers';
import { openPty } from './support/pty.ts';
import { realTest } from './support/real.ts';
import { startInfluxDB } from './support/stores.ts';
import { freePort, temporaryFolder, until } from './support/system.ts';

const DATABASE = 'studio';
/** What flows while the Arduino says `3 7`: amperes at 120 V. */
const KILOWATTS = ((3 + 7) * 120) / 1000;

/** As the script wrote it that wattdog replaces: a line for each of the Arduino's, in nanoseconds. */
function oldLine(time: number, duration: number): string {
  const energy = (KILOWATTS * duration) / 3_600_000;
  return (
    `elecmeter duration_milliseconds=${duration},rate=0.27,phase_1_current=3,phase_2_current=7` +
    `,total_consumption_kilowatts=${KILOWATTS},total_consumption_accrual_kilowatthours=${energy}` +
    `,total_cost_accrual_dollars=${energy * 0.27} ${time}000000`
  );
}

realTest('influxd', 'socat')(
  'in the old chain’s database the series goes on without a seam, and back again',
  async (t) => {
    t.timeout(180_000);
    const influx = await startInfluxDB(t);
    await influx.query(`CREATE DATABASE ${DATABASE}`);
    const writeAsBefore = async (lines: string[]) => {
      const url = `${influx.url}/write?db=${DATABASE}`;
      t.is((await fetch(url, { method: 'POST', body: lines.join('\n') })).status, 204);
    };
    const CADENCE = 200;
    const moved = Date.now();
    const before = Array.from({ length: 30 }, (_, index) => oldLine(moved - (index + 1) * CADENCE, CADENCE));
    await writeAsBefore(before);

    const arduino = await openPty(t);
    const feed = setInterval(() => arduino.write('3 7\n'), CADENCE);
    t.teardown(() => clearInterval(feed));
    const store = `[{kind: influxdb1, url: "${influx.url}", database: ${DATABASE}, layout: classic}]`;
    const wattdog = spawn(process.execPath, ['cli/main.ts', 'up', '--data', temporaryFolder(t)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        WATTDOG_METER_PORT: arduino.path,
        WATTDOG_METER_DECODER: 'amps',
        WATTDOG_AGENT_STORES: store,
        WATTDOG_BROKER_PORT: String(await freePort()),
        WATTDOG_AGENT_HTTP_PORT: '0',
      },
    });
    t.teardown(() => wattdog.kill('SIGKILL'));
    const select = async (what: string, rest = '') => {
      const [series, ...more] = await influx.query(`SELECT ${what} FROM elecmeter ${rest}`, DATABASE);
      t.deepEqual(more, [], 'one series');
      return series?.values ?? [];
    };
    const count = async () => Number((await select('count(rate)'))[0]?.[1]);
    await until('as much again', 60_000, async () => (await count()) >= 2 * before.length);
    const ended = once(wattdog, 'exit');
    wattdog.kill('SIGTERM');
    await ended;

    // And back: what wrote before may write again.
    await writeAsBefore([oldLine(Date.now(), CADENCE)]);
    const [keys] = await influx.query('SHOW FIELD KEYS FROM elecmeter', DATABASE);
    t.is(keys?.values.length, 7);
    t.true(keys?.values.every(([, type]) => type === 'float'));
    t.deepEqual((await influx.query('SHOW SERIES', DATABASE))[0]?.values, [['elecmeter']]);

    const range = `WHERE time >= ${moved - 1000 * CADENCE}ms`;
    const [first, ...others] = await select(
      'min(phase_1_current), max(phase_1_current), max(phase_2_current)',
      range,
    );
    t.deepEqual([first?.slice(1), others], [[3, 3, 7], []]);
    const [sums] = await select(
      'sum(duration_milliseconds), sum(total_consumption_accrual_kilowatthours)',
      range,
    );
    const [, duration = 0, energy = 0] = (sums ?? []).map(Number);
    t.true(
      Math.abs(energy - (KILOWATTS * duration) / 3_600_000) < energy / 100,
      `${energy} kWh in ${duration} ms`,
    );
  },
);
