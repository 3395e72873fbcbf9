/** Queries of Prometheus, as a panel keeps them. */
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { chosen } from './datasource.ts';
import type { Target } from './questions.ts';

export const PROMETHEUS = chosen('prometheus');

/** One point for each step, over the panel’s time range. */
export const series = (expr: string, legend: string): Target =>
  ask((query) => query.range().expr(expr).legendFormat(legend));

/** One number for each series, at the end of the panel’s time range. */
export const number = (expr: string, legend: string): Target =>
  ask((query) => query.instant().expr(expr).legendFormat(legend));

/** The same as a table, its labels as columns. */
export const table = (expr: string): Target =>
  ask((query) => query.instant().expr(expr).format(PromQueryFormat.Table));

function ask(fill: (query: DataqueryBuilder) => DataqueryBuilder): Target {
  return (refId) => fill(new DataqueryBuilder()).refId(refId).datasource(PROMETHEUS);
}
