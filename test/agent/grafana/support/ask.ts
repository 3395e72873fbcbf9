/** Asks a real store what a panel asks, as Grafana does: variables and macros put in, times aligned, frames made. */
import { Temporal } from 'temporal-polyfill';
import { type Frame, frameOf } from './frames.ts';
import { type Clock, type Range, rangeOf, shown, stepOf } from './time.ts';
import { transform } from './transform.ts';

/** A query of a panel, whichever data source it is of. */
export interface Query {
  refId: string;
  expr?: string;
  instant?: boolean;
  format?: string;
  legendFormat?: string;
  query?: string;
  resultFormat?: string;
  alias?: string;
}

export interface Panel {
  title?: string;
  targets?: Query[];
  transformations?: { id: string; options: unknown }[];
  interval?: string;
  maxDataPoints?: number;
  timeFrom?: string;
  timeShift?: string;
}

/** Who looks at a dashboard, and what they chose. */
export interface Look {
  dashboard: { from: string; to: string };
  variables: Record<string, string>;
  clock: Clock;
}

export interface Source {
  type: 'prometheus' | 'influxdb';
  url: string;
  database?: string;
}

/** Of a data source without another: `jsonData.timeInterval`. */
const LEAST_STEP = '2s';
/** A panel’s width in pixels. */
const WIDTH = 1500;

export async function askPanel(source: Source, panel: Panel, look: Look): Promise<Frame[]> {
  const range = rangeOf(panel, look.dashboard, look.clock);
  const step = stepOf(range, panel.maxDataPoints ?? WIDTH, panel.interval ?? LEAST_STEP);
  const targets = panel.targets ?? [];
  const several = targets.filter(({ format }) => format === 'table').length > 1;
  const frames: Frame[] = [];
  for (const target of targets) {
    const asked = { ...target, ...filledIn(target, { ...look, range, step }) };
    frames.push(...(await askQuery(source, asked, { range, step, zone: look.clock.zone, several })));
  }
  return transform(frames, panel.transformations ?? [], look.clock.zone);
}

interface Asked {
  range: Range;
  /** ms. */
  step: number;
  zone: string;
  /** Whether there are several tables: then values are named after their queries. */
  several: boolean;
}

export function askQuery(source: Source, query: Query, asked: Asked): Promise<Frame[]> {
  return source.type === 'prometheus' ? askPrometheus(source, query, asked) : askInfluxDB(source, query);
}

/** The texts of a query with everything put in that begins with `$`. */
export function filledIn(
  query: Query,
  { variables, range, step }: Pick<Look, 'variables'> & { range: Range; step: number },
): Pick<Query, 'expr' | 'query'> {
  const seconds = Math.round((range.to - range.from) / 1000);
  const values: Record<string, string> = {
    timeFilter: `time >= ${range.from}ms and time <= ${range.to}ms`,
    __interval: shown(step),
    __interval_ms: String(step),
    __rate_interval: shown(Math.max(step + 2000, 8000)),
    __range: `${seconds}s`,
    __range_s: String(seconds),
    __from: String(range.from),
    __to: String(range.to),
    ...variables,
  };
  const put = (text: string) =>
    text.replace(/\$(?:\{(\w+)(?::raw)?\}|(\w+))/g, (_all, braced, plain) => {
      const value = values[braced ?? plain];
      if (value === undefined) throw new Error(`no such variable: ${braced ?? plain}, in ${text}`);
      return value;
    });
  return {
    ...(query.expr === undefined ? {} : { expr: put(query.expr) }),
    ...(query.query === undefined ? {} : { query: put(query.query) }),
  };
}

type Sample = [seconds: number, value: string];
interface Series {
  metric: Record<string, string>;
  value?: Sample;
  values?: Sample[];
}

/** Otherwise VictoriaMetrics takes about a second to find new samples. */
export async function flush(url: string): Promise<void> {
  await (await fetch(`${url}/internal/force_flush`)).arrayBuffer();
}

async function askPrometheus({ url }: Source, query: Query, asked: Asked): Promise<Frame[]> {
  const { range, step, zone, several } = asked;
  const { refId, expr = '', instant = false, legendFormat = '' } = query;
  const offset =
    Temporal.Instant.fromEpochMilliseconds(range.to).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
  const aligned = (ms: number) => (Math.floor((ms + offset) / step) * step - offset) / 1000;
  const times = instant
    ? { time: String(range.to / 1000) }
    : { start: String(aligned(range.from)), end: String(aligned(range.to)), step: String(step / 1000) };
  const path = instant ? 'query' : 'query_range';
  await flush(url);
  const answer = await json(
    `${url}/api/v1/${path}?${new URLSearchParams({ query: expr, nocache: '1', ...times })}`,
  );
  const series = (answer as { data: { result: Series[] } }).data.result;
  const points = series.map(({ metric, value, values = value ? [value] : [] }) => ({
    metric,
    points: values.map(([seconds, text]) => ({ Time: seconds * 1000, Value: Number(text) })),
  }));
  if (query.format !== 'table')
    return points.map(({ metric, points: rows }) => {
      const name = legendFormat.replace(/\{\{(\w+)\}\}/g, (_all, label) => metric[label] ?? '');
      return {
        refId,
        fields: frameOf(refId, ['Time', 'Value'], rows).fields.map((field, index) => ({
          ...field,
          name: index === 0 ? 'Time' : name,
        })),
      };
    });
  if (series.length === 0) return [];
  const value = several ? `Value #${refId}` : 'Value';
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = points.flatMap(({ metric, points: own }) =>
    own.map(({ Time, Value }) => ({ ...metric, Time, [value]: Value })),
  );
  return [frameOf(refId, ['Time', ...labels, value], rows)];
}

interface Table {
  columns: string[];
  values: unknown[][];
  tags?: Record<string, string>;
}

async function askInfluxDB({ url, database = '' }: Source, query: Query): Promise<Frame[]> {
  const { refId, alias = '' } = query;
  const parameters = new URLSearchParams({ db: database, q: query.query ?? '', epoch: 'ms' });
  const answer = (await json(`${url}/query?${parameters}`)) as {
    results: { series?: Table[]; error?: string }[];
  };
  const [result] = answer.results;
  if (result?.error !== undefined) throw new Error(`${query.query}: ${result.error}`);
  const tables = result?.series ?? [];
  if (query.resultFormat === 'table') {
    const names = ['Time', ...Object.keys(tables[0]?.tags ?? {}), ...(tables[0]?.columns.slice(1) ?? [])];
    const rows = tables.flatMap(({ columns, values, tags }) =>
      values.map((row) => ({
        ...tags,
        ...Object.fromEntries(
          columns.map((column, index) => [column === 'time' ? 'Time' : column, row[index]]),
        ),
      })),
    );
    return tables.length === 0 ? [] : [frameOf(refId, names, rows)];
  }
  return tables.map(({ values, tags = {} }) => ({
    refId,
    fields: [
      { name: 'Time', values: values.map(([time]) => time) },
      {
        name: alias.replace(/\$tag_(\w+)/g, (_all, tag) => tags[tag] ?? ''),
        values: values.map(([, value]) => value),
      },
    ],
  }));
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
