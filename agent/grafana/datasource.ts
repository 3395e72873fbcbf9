import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** The data source of every query: the one chosen in the dashboard’s variable `datasource`. */
export const chosen = (type: 'prometheus' | 'influxdb'): DataSourceRef => ({ type, uid: `\${datasource}` });

/** A query of a kind that the SDK has no builder for. */
export const plainQuery = (fields: Record<string, unknown>): Builder<Dataquery> => ({
  build: () => ({ ...fields, _implementsDataqueryVariant() {} }),
});
