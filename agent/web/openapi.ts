/** The OpenAPI document, made of the routes themselves when somebody first asks for it. */
import { type FastifyInstance, fastify } from 'fastify';
import * as z from 'zod';
import { VERSION } from '../../shared/version.ts';

const COMPONENTS = '#/components/schemas/';

/** What else a status means than success. */
const STATUSES: Record<string, string> = {
  '4xx': 'Refused: the request broke a rule',
  '5xx': 'The agent could not, at present',
  '409': 'Refused, and why',
  '423': 'Refused: somebody wants it left alone',
};

const DESCRIPTION = `Reads your electricity meter, publishes it, stores it, and brings back whatever froze.

Times are ms since 1970 UTC, energies kWh, powers W, currents A, voltages V; money is in the currency of the
meter’s tariff. \`null\` is what is not known.

Who asks carries the bearer token of the setting \`agent.http.token\`. Without one the agent serves its own
machine only. Pages of other sites may never ask. What is refused is answered with \`{error}\`.`;

/**
 * @param addRoutes adds the same routes as to the server itself, to one that never listens.
 * @param prefix of their paths. @returns the document, as JSON.
 */
export async function describeApi(
  addRoutes: (scope: FastifyInstance) => void,
  prefix: string,
): Promise<string> {
  // Most agents are never asked.
  const { default: swagger } = await import('@fastify/swagger');
  const server = fastify();
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'wattdog',
        version: VERSION,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: prefix, description: 'this agent' }],
      tags: [
        { name: 'meters', description: 'What was measured, and when nothing was' },
        { name: 'watches', description: 'What is watched, what stalled, and how it was healed' },
        { name: 'stores', description: 'Where readings are forwarded' },
        { name: 'agent', description: 'The agent itself, and what happens' },
      ],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'the setting agent.http.token' },
        },
        schemas: namedSchemas(),
      },
      security: [{ token: [] }, {}],
    },
    stripBasePath: true,
    transform: ({ schema, url }) => ({ schema: schema === undefined ? {} : documented(schema), url }),
  });
  await server.register(async (scope) => addRoutes(scope), { prefix });
  await server.ready();
  const document = JSON.stringify(server.swagger());
  await server.close();
  return document;
}

type Json = Record<string, unknown>;

/** Each schema that has an `id` is described once, and referred to. */
function namedSchemas(): Record<string, Json> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => COMPONENTS + id });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, tidy(schema) as Json]),
  );
}

/** A route’s schema, with JSON Schema in place of zod’s. */
function documented(schema: object): Json {
  const described = Object.entries(schema).map(([key, value]) => {
    if (key === 'response') return [key, answers(value as Json)];
    return [key, value instanceof z.ZodType ? jsonSchema(value, 'input') : value];
  });
  return Object.fromEntries(described);
}

function answers(byStatus: Json): Json {
  const described = Object.entries(byStatus).map(([status, schema]) => [
    status,
    { description: STATUSES[status] ?? 'Done, or what is asked for', ...answered(schema) },
  ]);
  return Object.fromEntries(described);
}

function answered(schema: unknown): Json {
  if (schema instanceof z.ZodType) return jsonSchema(schema, 'output');
  const { content } = schema as { content: Record<string, { schema: z.ZodType }> };
  const media = Object.entries(content).map(([type, { schema }]) => [
    type,
    { schema: jsonSchema(schema, 'output') },
  ]);
  return { content: Object.fromEntries(media) };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return { $ref: COMPONENTS + id };
  const { $schema: _, $defs: __, ...json } = z.toJSONSchema(schema, { io });
  return tidy(json) as Json;
}

/** Names lead to the components; the bounds of every whole number, and how a date looks, go without saying. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  const isDate = 'format' in value && value.format === 'date-time';
  const entries = Object.entries(value)
    .filter(([key, of]) => !(isDate && key === 'pattern') && Math.abs(of) !== Number.MAX_SAFE_INTEGER)
    .map(([key, part]) => [key, key === '$ref' ? String(part).replace('#/$defs/', COMPONENTS) : tidy(part)]);
  return Object.fromEntries(entries);
}
