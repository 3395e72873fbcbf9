/** A short chaos run with a fixed seed; `npm run chaos` does long ones. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isClean } from './chaos/compare.ts';
import { explain } from './chaos/explain.ts';
import { type ChaosOptions, runChaos } from './chaos/run.ts';
import { realTest } from './support/real.ts';
import { temporaryFolder } from './support/system.ts';

/** Milliseconds; a loaded machine may take that long to read a line. */
const MARGIN = 1000;

const RUNS: [programs: string[], options: Pick<ChaosOptions, 'broker' | 'store' | 'kills' | 'minutes'>][] = [
  [['victoria-metrics'], { broker: 'embedded', store: 'victoriametrics', kills: 25, minutes: 0.75 }],
  [['influxd', 'mosquitto'], { broker: 'mosquitto', store: 'influxdb', kills: 15, minutes: 0.4 }],
];

for (const [programs, options] of RUNS)
  realTest('socat', ...programs)(
    `${options.kills} kills lose nothing: ${options.broker}, ${options.store}`,
    async (t) => {
      t.timeout(400_000);
      const folder = join(temporaryFolder(t), 'run');
      mkdirSync(folder);
      const { result, faults, startedAt, pipeline } = await runChaos(
        t,
        { ...options, seed: 5, without: [], entry: 'cli/main.ts', folder, marginMs: MARGIN },
        () => {},
      );
      for (const line of explain(result, faults, pipeline.feeder.lines, startedAt)) t.log(line);
      t.true(result.journal > 500, `only ${result.journal} readings`);
      t.true(isClean(result), JSON.stringify({ ...result, problems: result.problems.length }));
    },
  );
