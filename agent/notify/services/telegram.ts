import { below, escapeHtml, field, json, type Service } from '../service.ts';

const SYMBOLS = { trouble: '⚠️', help: '🚨', over: '✅' } as const;

export interface TelegramOptions {
  token: string;
  /** A number or an @name. */
  chat: string;
  /** Of the Bot API. */
  url: string;
}

/** A Telegram chat, as a bot; its messages can be edited. */
export function telegram({ token, chat, url }: TelegramOptions): Service {
  return {
    request({ message: { stage, title, lines }, page }, id) {
      const method = id === undefined ? 'sendMessage' : 'editMessageText';
      const text = [
        `${SYMBOLS[stage]} <b>${escapeHtml(title)}</b>`,
        ...lines.map(escapeHtml),
        ...(page === undefined
          ? []
          : [`<a href="${escapeHtml(page).replaceAll('"', '&quot;')}">wattdog</a>`]),
      ];
      return json('POST', below(url, `/bot${token}/${method}`).href, {
        chat_id: chat,
        ...(id === undefined ? {} : { message_id: Number(id) }),
        text: text.join('\n'),
        parse_mode: 'HTML',
        link_preview_options: { is_disabled: true },
      });
    },
    idOf(answer) {
      const id = field(field(answer, 'result'), 'message_id');
      return typeof id === 'number' ? String(id) : undefined;
    },
    isUnchanged: (answer) => /message is not modified/i.test(String(field(answer, 'description'))),
  };
}
