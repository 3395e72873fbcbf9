/** The panels of the chain that wattdog replaces, of its own measurement: `elecmeter`, in the database `studio`. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as GaugePanel } from '@grafana/grafana-foundation-sdk/gauge';
import { Ampere, Dollars } from '@grafana/grafana-foundation-sdk/units';
import { dashboard } from '../dashboard.ts';
import { INFLUXDB, series } from '../influxql.ts';
import { asking, lines, reduced, stat } from '../panels.ts';

const elecmeter = (selected: string, grouped = '') =>
  `SELECT ${selected} FROM "elecmeter" WHERE $timeFilter${grouped}`;

export function classic(): Dashboard {
  const current = (phase: number) =>
    series(
      elecmeter(`mean("phase_${phase}_current")`, ' GROUP BY time($__interval) fill(null)'),
      `Phase ${phase}`,
    );
  const panels = [
    asking(lines(Ampere), { targets: [current(1), current(2)] }, { title: 'Current', size: [24, 10] }),
    asking(
      new GaugePanel().unit(Dollars).decimals(2).min(0).max(0.6).reduceOptions(reduced()),
      { targets: [series(elecmeter('last("rate")'), 'Rate')] },
      { title: 'Rate of a kWh', size: [12, 8] },
    ),
    asking(
      stat(Dollars).decimals(2),
      { targets: [series(elecmeter('sum("total_cost_accrual_dollars")'), 'Total cost')] },
      { title: 'Total cost', description: 'Of the time shown.', size: [12, 8] },
    ),
  ];
  return dashboard(
    { datasource: INFLUXDB, variables: [] },
    {
      uid: 'wattdog-classic',
      title: 'Electricity: classic',
      description: 'Current, rate and cost, as of the layout `classic`.',
      from: 'now-24h',
      refresh: '5s',
      panels,
    },
  );
}
