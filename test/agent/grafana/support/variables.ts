/** The options of a dashboard’s variables, as Grafana finds them; it chooses the first. */
import * as z from 'zod';
import { filledIn, flush, type Look, type Source } from './ask.ts';
import { moment } from './time.ts';

const variable = z.looseObject({
  name: z.string(),
  type: z.enum(['query', 'custom']),
  query: z.string(),
  regex: z.string().optional(),
  sort: z.literal(1).optional(),
});

export interface Option {
  text: string;
  value: string;
}

export async function optionsOf(source: Source, model: object, look: Look): Promise<Option[]> {
  const { type, query, regex } = variable.parse(model);
  if (type === 'custom')
    return query.split(',').map((option) => {
      const [text = '', value = ''] = option.split(' : ');
      return { text, value };
    });
  const texts = await (source.type === 'prometheus' ? fromPrometheus : fromInfluxDB)(source, query, look);
  const options = texts.flatMap((text): Option[] => {
    if (regex === undefined) return [{ text, value: text }];
    const groups = new RegExp(regex.slice(1, -1)).exec(text)?.groups;
    return groups === undefined ? [] : [{ text: groups.text ?? '', value: groups.value ?? '' }];
  });
  return options.toSorted((one, other) => (one.text < other.text ? -1 : 1));
}

/** `label_values(metric, label)` and `query_result(expression)`. */
async function fromPrometheus({ url }: Source, query: string, look: Look): Promise<string[]> {
  const { dashboard, clock, variables } = look;
  await flush(url);
  const range = { from: moment(dashboard.from, clock), to: moment(dashboard.to, clock, true) };
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
  if (metric !== undefined) {
    const times = { start: String(range.from / 1000), end: String(range.to / 1000) };
    const answer = await fetch(
      `${url}/api/v1/label/${label}/values?${new URLSearchParams({ 'match[]': metric, ...times })}`,
    );
    return ((await answer.json()) as { data: string[] }).data;
  }
  const [, expression = ''] = /^query_result\((.*)\)$/.exec(query) ?? [];
  const { expr = '' } = filledIn({ refId: 'A', expr: expression }, { variables, range, step: 60_000 });
  const asked = new URLSearchParams({ query: expr, time: String(range.to / 1000), nocache: '1' });
  const answer = (await (await fetch(`${url}/api/v1/query?${asked}`)).json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return answer.data.result.map(({ metric: labels, value: [time, value] }) => {
    const shown = Object.entries(labels).map(([name, text]) => `${name}="${text}"`);
    return `{${shown.join(',')}} ${value} ${time * 1000}`;
  });
}

async function fromInfluxDB({ url, database = '' }: Source, query: string): Promise<string[]> {
  const answer = await fetch(`${url}/query?${new URLSearchParams({ db: database, q: query })}`);
  const { results } = (await answer.json()) as { results: { series?: { values: [string, string][] }[] }[] };
  return results.flatMap(({ series = [] }) =>
    series.flatMap(({ values }) => values.map(([, value]) => value)),
  );
}
