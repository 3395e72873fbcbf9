import type { Message } from '../message.ts';
import { json, type Service } from '../service.ts';

/** 1 to 5; 3 is the usual. */
const PRIORITIES = { trouble: 4, help: 5, over: 3 } as const;
/** Names of emoji. */
const TAGS = { trouble: 'warning', help: 'rotating_light', over: 'white_check_mark' } as const;
/** Bytes; what is longer becomes an attachment. */
const LONGEST = 4000;

/**
 * A topic of an ntfy server. All messages of one incident carry the same sequence id: from ntfy 2.16 on the
 * newer one takes the older one's place on the phone, before it they stand side by side.
 *
 * @param url of the topic.
 */
export function ntfy(url: string, token: string | undefined): Service {
  const server = new URL(url);
  const [, base = '', topic = ''] = /^(.*\/)([^/]+)\/?$/.exec(server.pathname) ?? [];
  server.pathname = base;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    request: ({ key, message, page }) =>
      json(
        'POST',
        server.href,
        {
          topic,
          title: message.title,
          message: clipBytes(message.lines.join('\n')),
          priority: message.drill ? 3 : PRIORITIES[message.stage],
          tags: tagsOf(message),
          sequence_id: key,
          ...(page === undefined ? {} : { click: page }),
        },
        headers,
      ),
  };
}

function tagsOf({ stage, drill }: Message): string[] {
  return drill ? [TAGS[stage], 'fire_extinguisher'] : [TAGS[stage]];
}

function clipBytes(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= LONGEST ? text : `${bytes.toString('utf8', 0, LONGEST).replace(/\uFFFD$/, '')}…`;
}
