import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify';
import type * as z from 'zod';
import { checked } from './refusal.ts';

/** Lets fastify know the types of what a route's zod schemas let through. */
export interface ZodProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
}

/** @param action what a request is about, for the message of its refusal. */
export function validating(action: string): { validatorCompiler: FastifySchemaCompiler<unknown> } {
  return {
    validatorCompiler:
      ({ schema }) =>
      (value) => {
        try {
          return { value: checked(schema as z.ZodType, value, action) };
        } catch (error) {
          return { error: error as Error };
        }
      },
  };
}
