import { createHmac } from 'node:crypto';
import { json, type Service } from '../service.ts';

const EVENTS = { trouble: 'stalled', help: 'help', over: 'recovered' } as const;

/**
 * Any program: the incident as data, and the same words that people get.
 * @param secret signs the body: HMAC-SHA256 in hex, in `x-wattdog-signature`.
 */
export function webhook(url: string, secret: string | undefined): Service {
  return {
    request({ key, incident, message: { stage, title, lines }, page }) {
      const text = lines.join('\n');
      const request = json('POST', url, { event: EVENTS[stage], key, title, text, page, incident });
      if (secret === undefined) return request;
      const signature = createHmac('sha256', secret).update(request.body).digest('hex');
      return { ...request, headers: { ...request.headers, 'x-wattdog-signature': signature } };
    },
  };
}
