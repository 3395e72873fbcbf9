/** Evaluates an alert rule against a real store, as Grafana’s server does. */
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { askQuery, filledIn, type Query, type Source } from './ask.ts';

const condition = z.strictObject({
  evaluator: z.strictObject({ type: z.literal('lt'), params: z.tuple([z.number()]) }),
});
const of = z.string();
const common = {
  refId: z.string(),
  datasource: z.strictObject({ type: z.literal('__expr__'), uid: z.literal('__expr__') }),
};
const expression = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.literal('reduce'),
    expression: of,
    reducer: z.literal('last'),
    settings: z.strictObject({ mode: z.literal('') }),
  }),
  z.strictObject({
    ...common,
    type: z.literal('threshold'),
    expression: of,
    conditions: z.tuple([condition]),
  }),
  z.strictObject({ ...common, type: z.literal('math'), expression: z.string() }),
]);

interface Rule {
  condition?: string | undefined;
  noDataState: 'OK' | 'Alerting';
  data: {
    refId: string;
    datasourceUid: string;
    relativeTimeRange: { from: number; to: number };
    model: object;
  }[];
}

/** @returns whether it fires, for each meter; `no data` where there is nothing to judge. */
export async function evaluate(
  source: Source,
  { data, condition: last }: Rule,
  now: number,
): Promise<Record<string, boolean> | 'no data'> {
  const results = new Map<string, Map<string, number>>();
  for (const { refId, datasourceUid, relativeTimeRange, model } of data) {
    const result =
      datasourceUid === '__expr__'
        ? workOut(expression.parse(model), results)
        : await newest(source, model as Query, relativeTimeRange, now);
    results.set(refId, result);
  }
  const judged = results.get(last ?? '') ?? new Map<string, number>();
  if (judged.size === 0) return 'no data';
  return Object.fromEntries([...judged].map(([meter, value]) => [meter, value !== 0]));
}

async function newest(source: Source, query: Query, { from, to }: { from: number; to: number }, now: number) {
  const range = { from: now - from * 1000, to: now - to * 1000 };
  const asked = { ...query, ...filledIn(query, { variables: {}, range, step: 60_000 }) };
  const frames = await askQuery(
    source,
    { ...asked, legendFormat: '{{meter}}', alias: '$tag_meter' },
    { range, step: 60_000, zone: 'UTC', several: false },
  );
  return new Map(frames.map(({ fields: [, value] }) => [value?.name ?? '', Number(value?.values.at(-1))]));
}

function workOut(model: z.infer<typeof expression>, results: Map<string, Map<string, number>>) {
  const resultOf = (refId: string) => results.get(refId) ?? new Map<string, number>();
  switch (model.type) {
    case 'reduce':
      return resultOf(model.expression);
    case 'threshold': {
      const [{ evaluator }] = model.conditions;
      const [limit] = evaluator.params;
      return mapped(resultOf(model.expression), (value) => Number(value < limit));
    }
    case 'math': {
      // What is not in all of them is in none.
      const names = [...new Set(model.expression.match(/\$[A-Z]/g))].map((name) => name.slice(1));
      const [first = '', ...others] = names;
      const common = [...resultOf(first)].filter(([meter]) =>
        others.every((name) => resultOf(name).has(meter)),
      );
      return new Map(
        common.map(([meter]) => {
          const values = Object.fromEntries(names.map((name) => [`$${name}`, resultOf(name).get(meter)]));
          return [meter, Number(runInNewContext(model.expression, values))];
        }),
      );
    }
  }
}

const mapped = (values: Map<string, number>, map: (value: number) => number) =>
  new Map([...values].map(([meter, value]) => [meter, map(value)]));
