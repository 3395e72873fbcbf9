import { below, COLOURS, escapeMarkdown, field, json, type Service } from '../service.ts';

/** A Discord channel's webhook; its messages can be edited through it. */
export function discord(url: string): Service {
  return {
    request({ message: { stage, title, lines }, incident, page }, id) {
      const address = id === undefined ? new URL(url) : below(url, `/messages/${encodeURIComponent(id)}`);
      // Only then does the answer hold the message.
      if (id === undefined) address.searchParams.set('wait', 'true');
      const embed = {
        title: plain(title).slice(0, 256),
        description: lines.map(plain).join('\n').slice(0, 4096),
        color: COLOURS[stage],
        timestamp: new Date(incident.detected).toISOString(),
        ...(page === undefined ? {} : { url: page }),
      };
      return json(id === undefined ? 'POST' : 'PATCH', address.href, {
        embeds: [embed],
        allowed_mentions: { parse: [] },
      });
    },
    idOf(answer) {
      const id = field(answer, 'id');
      return typeof id === 'string' ? id : undefined;
    },
  };
}

/** With a `<` begin mentions, moments and emoji. */
const plain = (text: string): string => escapeMarkdown(text).replaceAll('<', '\\<');
