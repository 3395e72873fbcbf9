/** What a query gives, in the shape in which Grafana’s data sources hand it on. */

/** A column of a frame. Times are ms since 1970 UTC. */
export interface Field {
  /** As it is displayed, which is what transformations and overrides go by. */
  name: string;
  values: unknown[];
}

export interface Frame {
  refId: string;
  /** Time first, where there is one. */
  fields: Field[];
}

export const lengthOf = ({ fields }: Frame): number => fields[0]?.values.length ?? 0;

export const fieldOf = (frame: Frame, name: string): Field | undefined =>
  frame.fields.find((field) => field.name === name);

/** The rows of a frame, as objects by the names of its fields. */
export function rowsOf(frame: Frame): Record<string, unknown>[] {
  return Array.from({ length: lengthOf(frame) }, (_, row) =>
    Object.fromEntries(frame.fields.map(({ name, values }) => [name, values[row]])),
  );
}

export function frameOf(refId: string, names: string[], rows: Record<string, unknown>[]): Frame {
  return { refId, fields: names.map((name) => ({ name, values: rows.map((row) => row[name] ?? null) })) };
}
