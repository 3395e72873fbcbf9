/** What the panels of all dashboards have in common. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { DataTransformerConfig, DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Answer } from './questions.ts';

/** What every panel has, whatever it draws. */
interface Panel {
  targets(targets: Builder<Dataquery>[]): this;
  transformations(transformations: DataTransformerConfig[]): this;
  title(title: string): this;
  description(text: string): this;
  span(columns: number): this;
  height(rows: number): this;
}

/** What a panel says, and its size: columns of 24, rows of 38 pixels. */
export interface Frame {
  title: string;
  description?: string;
  size: [columns: number, rows: number];
}

export function framed<P extends Panel>(panel: P, { title, description, size: [columns, rows] }: Frame): P {
  const named = panel.title(title).span(columns).height(rows);
  return description === undefined ? named : named.description(description);
}

/** @param reshape what is done to the answer besides. */
export function asking<P extends Panel>(
  panel: P,
  { targets, transformations = [] }: Answer,
  frame: Frame,
  reshape: DataTransformerConfig[] = [],
): P {
  return framed(panel, frame)
    .targets(targets.map((target, index) => target(String.fromCharCode(65 + index))))
    .transformations([...transformations, ...reshape]);
}

/** Said of whatever shows power. */
export const POWER =
  'Amperes times nominal volts are volt-amperes. Watts are shown only where the meter measures them or a power factor is set.';

/** One number, the last of each series; or of the fields that a regular expression names, text included. */
export const stat = (unit: string, fields = '') =>
  new StatPanel()
    .unit(unit)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(BigValueTextMode.Auto)
    .noValue('–')
    .reduceOptions(reduced(fields));

export const reduced = (fields = '') =>
  new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(fields);

/** Milliseconds; a longer time without points is shown as one. */
const CONNECT = 90_000;

export const lines = (unit: string) =>
  new TimeSeriesPanel()
    .unit(unit)
    .lineWidth(1)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Auto)
    .spanNulls(CONNECT)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));

export const legend = () =>
  new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);

/** What is set for some of the fields only. */
export const colourOf = (colour: string): DynamicConfigValue => ({
  id: 'color',
  value: { mode: 'fixed', fixedColor: colour },
});
export const unitOf = (value: string): DynamicConfigValue => ({ id: 'unit', value });
export const nameOf = (value: string): DynamicConfigValue => ({ id: 'displayName', value });
