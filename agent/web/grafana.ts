/** What Grafana’s webhooks say; pure. */
import * as z from 'zod';
import { shown } from '../../shared/issue.ts';
import { checked, Refusal } from './refusal.ts';

/** One alert, whichever of Grafana's two formats told it. */
export interface Alert {
  /** Its name, for the record; one line. */
  name: string;
  /**
   * `firing`: it asks for a restart; `not-firing`: resolved, pending or paused; `datasource-error`: Grafana
   * itself cannot see, which says nothing of a meter.
   */
  state: 'firing' | 'not-firing' | 'datasource-error';
  /** The names that may mean a watch, the likeliest first. */
  names: string[];
}

const labels = z.record(z.string(), z.string());

/** Grafana's unified alerting, 8 and later. */
const unified = z.looseObject({
  alerts: z.array(z.looseObject({ status: z.enum(['firing', 'resolved']), labels: labels.nullish() })),
});

/** Grafana's legacy alerting, up to 10. What its `evalMatches` hold is of no use here. */
const legacy = z.looseObject({
  state: z.enum(['ok', 'paused', 'alerting', 'pending', 'no_data']),
  ruleName: z.string().nullish(),
  tags: labels.nullish(),
});

/** @throws Refusal 400 for a body that is neither. */
export function readAlerts(body: unknown): Alert[] {
  const action = 'reading the webhook';
  if (
    body === null ||
    typeof body !== 'object' ||
    Array.isArray(body) ||
    !('alerts' in body || 'state' in body)
  )
    throw new Refusal(
      400,
      `${action}: must be Grafana’s, an object with \`alerts\` (unified alerting) or \`state\` (legacy), got ${shown(body)}`,
    );
  if (!('alerts' in body)) {
    const { state, ruleName, tags } = checked(legacy, body, action);
    return [
      {
        name: oneLine(ruleName ?? 'without a name'),
        state: state === 'alerting' || state === 'no_data' ? 'firing' : 'not-firing',
        names: namesIn(tags),
      },
    ];
  }
  return checked(unified, body, action).alerts.map(({ status, labels: tags }) => ({
    name: oneLine(tags?.rulename ?? tags?.alertname ?? 'without a name'),
    state:
      tags?.alertname === 'DatasourceError'
        ? 'datasource-error'
        : status === 'firing'
          ? 'firing'
          : 'not-firing',
    names: namesIn(tags),
  }));
}

function namesIn(tags: Record<string, string> | null | undefined): string[] {
  return [tags?.watch, tags?.meter, tags?.container].filter((name) => name !== undefined);
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 100);
}
