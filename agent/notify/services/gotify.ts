import { below, json, type Service } from '../service.ts';

/** Up to 10; from 8 on a phone is loud. */
const PRIORITIES = { trouble: 5, help: 8, over: 4 } as const;

/** A Gotify server, as one of its applications. */
export function gotify(url: string, token: string): Service {
  return {
    request: ({ message: { stage, title, lines, drill }, page }) =>
      json(
        'POST',
        below(url, '/message').href,
        {
          title,
          message: lines.join('\n'),
          priority: drill ? 4 : PRIORITIES[stage],
          extras: {
            'client::display': { contentType: 'text/plain' },
            ...(page === undefined ? {} : { 'client::notification': { click: { url: page } } }),
          },
        },
        { 'x-gotify-key': token },
      ),
  };
}
