/** Those of Grafana’s transformations that the dashboards use, as its front end carries them out. */
import { Temporal } from 'temporal-polyfill';
import * as z from 'zod';
import { type Frame, fieldOf, frameOf, rowsOf } from './frames.ts';

interface Transformation {
  id: string;
  options: unknown;
}

type Carry = (frames: Frame[], options: unknown, zone: string) => Frame[];

export function transform(frames: Frame[], transformations: Transformation[], zone: string): Frame[] {
  return transformations.reduce((before, { id, options }) => {
    const carry = CARRIED[id];
    if (carry === undefined) throw new Error(`no transformation that is understood here: ${id}`);
    return carry(before, options, zone);
  }, frames);
}

/** With its options checked: what is not known here must not be passed over. */
const carried =
  <T>(schema: z.ZodType<T>, carry: (frames: Frame[], options: T, zone: string) => Frame[]): Carry =>
  (frames, options, zone) =>
    carry(frames, schema.parse(options), zone);

const CARRIED: Record<string, Carry> = {
  seriesToRows: carried(z.strictObject({}), (frames) => {
    const rows = frames.flatMap(({ fields: [time, value] }) =>
      (time?.values ?? []).map((at, row) => ({
        Time: at,
        Metric: value?.name,
        Value: value?.values[row],
      })),
    );
    if (rows.length === 0) return frames;
    rows.sort((one, other) => Number(other.Time) - Number(one.Time));
    return [frameOf('rows', ['Time', 'Metric', 'Value'], rows)];
  }),

  formatTime: carried(
    z.strictObject({
      timeField: z.string(),
      outputFormat: z.string(),
      useTimezone: z.literal(true),
      timezone: z.literal('browser'),
    }),
    (frames, { timeField, outputFormat }, zone) =>
      mapFields(frames, ({ name, values }) =>
        name === timeField
          ? { name, values: values.map((time) => momentFormat(Number(time), outputFormat, zone)) }
          : { name, values },
      ),
  ),

  extractFields: carried(
    z.strictObject({
      source: z.string(),
      format: z.literal('json'),
      replace: z.literal(false),
      keepTime: z.literal(false),
    }),
    (frames, { source }) =>
      frames.map((frame) => {
        const parsed = fieldOf(frame, source)?.values.map((text) => JSON.parse(String(text))) ?? [];
        const names = [...new Set(parsed.flatMap((object) => Object.keys(object)))];
        return { ...frame, fields: [...frame.fields, ...frameOf('', names, parsed).fields] };
      }),
  ),

  groupBy: carried(
    z.strictObject({
      fields: z.record(
        z.string(),
        z.strictObject({
          operation: z.enum(['groupby', 'aggregate']),
          aggregations: z.array(z.literal('sum')),
        }),
      ),
    }),
    (frames, { fields }) => {
      const named = (operation: string) =>
        Object.keys(fields).filter((name) => fields[name]?.operation === operation);
      const keys = named('groupby');
      const [value = ''] = named('aggregate');
      return frames.map((frame) => {
        const groups = Map.groupBy(rowsOf(frame), (row) => String(keys.map((key) => row[key])));
        const rows = [...groups.values()].map((group) => ({
          ...group[0],
          [`${value} (sum)`]: group.reduce((sum, row) => sum + Number(row[value]), 0),
        }));
        return frameOf(frame.refId, [...keys, `${value} (sum)`], rows);
      });
    },
  ),

  sortBy: carried(
    z.strictObject({
      fields: z.strictObject({}),
      sort: z.tuple([z.strictObject({ field: z.string(), desc: z.boolean() })]),
    }),
    (frames, { sort: [{ field, desc }] }) =>
      frames.map((frame) => {
        const rows = rowsOf(frame).toSorted(
          (one, other) => compare(one[field], other[field]) * (desc ? -1 : 1),
        );
        return frameOf(frame.refId, namesOf(frame), rows);
      }),
  ),

  groupingToMatrix: carried(
    z.strictObject({
      rowField: z.string(),
      columnField: z.string(),
      valueField: z.string(),
      emptyValue: z.literal('null'),
    }),
    (frames, { rowField, columnField, valueField }) => {
      const [frame] = frames;
      if (frame === undefined || frames.length !== 1 || !fieldOf(frame, valueField)) return frames;
      const rows = rowsOf(frame);
      const columns = [...new Set(rows.map((row) => String(row[columnField])))];
      const first = `${rowField}\\${columnField}`;
      const made = [...Map.groupBy(rows, (row) => String(row[rowField]))].map(([key, cells]) => ({
        [first]: key,
        ...Object.fromEntries(cells.map((cell) => [String(cell[columnField]), cell[valueField]])),
      }));
      return [frameOf('matrix', [first, ...columns], made)];
    },
  ),

  limit: carried(z.strictObject({ limitField: z.string() }), (frames, { limitField }) =>
    mapFields(frames, ({ name, values }) => ({ name, values: values.slice(0, Number(limitField)) })),
  ),

  filterFieldsByName: carried(
    z.strictObject({ exclude: z.strictObject({ names: z.array(z.string()) }) }),
    (frames, { exclude: { names } }) =>
      frames.map((frame) => ({ ...frame, fields: frame.fields.filter(({ name }) => !names.includes(name)) })),
  ),

  /** Rows that agree in what all frames have are one. */
  merge: carried(z.strictObject({}), (frames) => {
    const [first, ...others] = frames;
    if (first === undefined || others.length === 0) return frames;
    const keys = namesOf(first).filter((name) => others.every((frame) => fieldOf(frame, name)));
    const merged = Map.groupBy(frames.flatMap(rowsOf), (row) => String(keys.map((key) => row[key])));
    const rows = [...merged.values()].map((same) => Object.assign({}, ...same));
    return [frameOf('merge', [...new Set(frames.flatMap(namesOf))], rows)];
  }),

  organize: carried(
    z.strictObject({
      renameByName: z.record(z.string(), z.string()),
      excludeByName: z.record(z.string(), z.literal(true)),
      indexByName: z.strictObject({}),
    }),
    (frames, { renameByName, excludeByName }) =>
      frames.map((frame) => ({
        ...frame,
        fields: frame.fields
          .filter(({ name }) => !(name in excludeByName))
          .map(({ name, values }) => ({ name: renameByName[name] ?? name, values })),
      })),
  ),

  /** Joins the series by their times first. */
  calculateField: carried(
    z.strictObject({
      mode: z.literal('reduceRow'),
      reduce: z.strictObject({ reducer: z.literal('sum') }),
      alias: z.string(),
      replaceFields: z.literal(true),
    }),
    (frames, { alias }) => {
      if (frames.length === 0) return frames;
      const points = frames.flatMap(({ fields: [time, value] }) =>
        (time?.values ?? []).map((at, row) => ({ Time: Number(at), value: Number(value?.values[row] ?? 0) })),
      );
      const rows = [...Map.groupBy(points, ({ Time }) => Time)].map(([Time, same]) => ({
        Time,
        [alias]: same.reduce((sum, { value }) => sum + value, 0),
      }));
      return [frameOf('calculated', ['Time', alias], rows)];
    },
  ),
};

const namesOf = ({ fields }: Frame): string[] => fields.map(({ name }) => name);

const mapFields = (frames: Frame[], map: (field: Frame['fields'][number]) => Frame['fields'][number]) =>
  frames.map((frame) => ({ ...frame, fields: frame.fields.map(map) }));

function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return String(one) < String(other) ? -1 : String(one) > String(other) ? 1 : 0;
}

/** Moment’s formats; what stands in brackets is said as it is. */
function momentFormat(ms: number, format: string, zone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  const two = (value: number) => String(value).padStart(2, '0');
  const tokens: Record<string, string> = {
    YYYY: String(time.year),
    MM: two(time.month),
    DD: two(time.day),
    HH: two(time.hour),
  };
  return format.replace(/\[([^\]]*)\]|YYYY|MM|DD|HH/g, (token, literal) => literal ?? tokens[token] ?? token);
}
