import { escapeMarkdown, hexColour, json, type Service } from '../service.ts';

/** A Mattermost channel's incoming webhook; it answers `ok`, so nothing can be edited. */
export function mattermost(url: string): Service {
  return {
    request({ message: { stage, title, lines }, page }) {
      const attachment = {
        color: hexColour(stage),
        title: callNobody(title),
        text: lines.map((line) => callNobody(escapeMarkdown(line))).join('\n'),
        fallback: callNobody(title),
        ...(page === undefined ? {} : { title_link: page }),
      };
      return json('POST', url, { attachments: [attachment] });
    },
  };
}

/** Takes the meaning from `@channel`, which no backslash does. */
function callNobody(text: string): string {
  return text.replaceAll('@', '@\u200b');
}
