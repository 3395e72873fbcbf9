/** How Grafana reshapes series into days and hours, in the time zone of whoever looks. */
import type { DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';

const rows: DataTransformerConfig = { id: 'seriesToRows', options: {} };

/** @param outputFormat of Moment. */
const formatTime = (outputFormat: string): DataTransformerConfig => ({
  id: 'formatTime',
  options: { timeField: 'Time', outputFormat, useTimezone: true, timezone: 'browser' },
});

const sumBy = (...names: string[]): DataTransformerConfig => ({
  id: 'groupBy',
  options: {
    fields: Object.fromEntries([
      ...names.map((name) => [name, { operation: 'groupby', aggregations: [] }]),
      ['Value', { operation: 'aggregate', aggregations: ['sum'] }],
    ]),
  },
});

const sortBy = (field: string, desc: boolean): DataTransformerConfig => ({
  id: 'sortBy',
  options: { fields: {}, sort: [{ field, desc }] },
});

const matrix = (rowField: string, columnField: string): DataTransformerConfig => ({
  id: 'groupingToMatrix',
  options: { rowField, columnField, valueField: 'Value (sum)', emptyValue: 'null' },
});

/** The first column of what `perDay` makes. */
export const DAY = 'Time\\Metric';

/** A row for each day and a column for each series, summed up. Steps are added by Grafana, for its days have 23 to 25 hours. */
export const perDay: DataTransformerConfig[] = [
  rows,
  formatTime('YYYY-MM-DD'),
  sumBy('Time', 'Metric'),
  sortBy('Time', false),
  matrix('Time', 'Metric'),
];

/** The first column of what `hourByDay` makes. */
export const DAY_OF_HOURS = 'day\\hour';

/** A row for each day, the newest first, and a column for each hour of it. */
export const hourByDay: DataTransformerConfig[] = [
  rows,
  // What stands in brackets is not of the time.
  formatTime('[{"day":"]YYYY-MM-DD[","hour":"]HH["}]'),
  { id: 'extractFields', options: { source: 'Time', format: 'json', replace: false, keepTime: false } },
  sumBy('day', 'hour'),
  // Twice, for the order of the rows and that of the columns is the order in which each is met first.
  sortBy('hour', false),
  matrix('day', 'hour'),
  sortBy('day\\hour', true),
];

/** The one row with the highest value. */
export const highest: DataTransformerConfig[] = [
  rows,
  sortBy('Value', true),
  { id: 'limit', options: { limitField: '1' } },
];
