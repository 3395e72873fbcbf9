import type { NotifySettings } from '../../shared/settings/schema.ts';
import { below, escapeHtml, field, json, type Service } from './service.ts';

/**
 * Marks incidents on Grafana's graphs, as regions from the last sign of life to the first one after it. All
 * that is known here of that interface, which Grafana means to replace, is in this file.
 */
export function annotations(settings: NonNullable<NotifySettings['grafana']>): Service {
  const { url, token, dashboard, panel } = settings;
  const headers = { authorization: `Bearer ${token}` };
  return {
    request({ incident, message }, id) {
      const { began, watch, recovered, firstMessage, withdrawn } = incident;
      const over = recovered ?? withdrawn?.at;
      // Grafana takes the text for HTML.
      const shown = {
        text: [message.title, ...message.lines].map(escapeHtml).join('\n'),
        tags: ['wattdog', watch, ...(message.drill ? ['drill'] : [])],
        ...(over === undefined ? {} : { timeEnd: Math.max(began, firstMessage ?? over) }),
      };
      if (id !== undefined) {
        const address = below(url, `/api/annotations/${encodeURIComponent(id)}`);
        return json('PATCH', address.href, shown, headers);
      }
      const where = {
        ...(dashboard === undefined ? {} : { dashboardUID: dashboard }),
        ...(panel === undefined ? {} : { panelId: panel }),
      };
      return json('POST', below(url, '/api/annotations').href, { ...where, time: began, ...shown }, headers);
    },
    idOf(answer) {
      const id = field(answer, 'id');
      return typeof id === 'number' ? String(id) : undefined;
    },
  };
}
