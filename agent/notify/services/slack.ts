import { escapeHtml, hexColour, json, type Service } from '../service.ts';

/** A Slack channel's incoming webhook; it answers `ok`, so nothing can be edited. */
export function slack(url: string): Service {
  return {
    request({ message: { stage, title, lines }, page }) {
      const attachment = {
        color: hexColour(stage),
        // Escaped, `<!channel>` calls nobody.
        title: escapeHtml(title),
        text: lines.map(escapeHtml).join('\n'),
        fallback: escapeHtml(title),
        mrkdwn_in: [],
        ...(page === undefined ? {} : { title_link: page }),
      };
      return json('POST', url, { attachments: [attachment] });
    },
  };
}
