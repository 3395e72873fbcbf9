import type { StoreSettings } from '../../shared/settings/schema.ts';

/** How one store wants to be spoken to. */
export interface Endpoint {
  /** Scheme, host and port. */
  origin: string;
  headers: Record<string, string>;
  /** Path and query that take line protocol with timestamps in milliseconds. */
  write: string;
  /** Path and query that make the missing database, where writing does not. */
  createDatabase?: string;
}

export function endpoint(settings: StoreSettings): Endpoint {
  const url = new URL(settings.url);
  const base = url.pathname.replace(/\/+$/, '');
  const at = (path: string, query: Record<string, string>) => `${base}${path}?${new URLSearchParams(query)}`;
  const { origin } = url;
  switch (settings.kind) {
    case 'victoriametrics':
      return { origin, headers: basic(settings), write: at('/write', { precision: 'ms' }) };
    case 'influxdb1': {
      const { database } = settings;
      return {
        origin,
        headers: basic(settings),
        write: at('/write', { db: database, precision: 'ms' }),
        createDatabase: at('/query', { q: `CREATE DATABASE "${database.replace(/["\\]/g, '\\$&')}"` }),
      };
    }
    case 'influxdb2': {
      const { org, bucket, token } = settings;
      return {
        origin,
        headers: { authorization: `Token ${token}` },
        write: at('/api/v2/write', { org, bucket, precision: 'ms' }),
      };
    }
    case 'influxdb3': {
      const { database, token } = settings;
      return {
        origin,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        write: at('/api/v3/write_lp', { db: database, precision: 'millisecond' }),
      };
    }
  }
}

function basic({
  username,
  password = '',
}: {
  username?: string | undefined;
  password?: string | undefined;
}): Record<string, string> {
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}
