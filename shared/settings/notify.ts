/** Who is told. */
import * as z from 'zod';
import { shortName } from '../wire.ts';
import { duration, secret, url } from './rules.ts';

const httpUrl = (example: string) => url(/^https?$/, example);
/** Whoever knows the address of a webhook or a topic may write to it. */
const secretUrl = (example: string) => httpUrl(example).meta({ secret: true });

/** What is no URL is refused for that. */
const endsInTopic = (text: string): boolean =>
  !URL.canParse(text) || /^[^?#]+:\/\/[^/?#]+\/([^?#]*\/)?[\w-]{1,64}\/?$/.test(text);

/** What Grafana's annotations go by in logs and in the queue. */
export const ANNOTATIONS = 'grafana';

const common = {
  name: shortName.optional().describe('names the service in logs and metrics; default: its kind'),
};

const service = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('discord'),
    ...common,
    url: secretUrl('https://discord.com/api/webhooks/ID/TOKEN'),
  }),
  z.strictObject({
    kind: z.literal('ntfy'),
    ...common,
    url: secretUrl('https://ntfy.sh/TOPIC').refine(endsInTopic, {
      error: 'must end in the topic, such as https://ntfy.sh/TOPIC',
    }),
    token: secret.optional(),
  }),
  z.strictObject({
    kind: z.literal('gotify'),
    ...common,
    url: secretUrl('https://gotify.example'),
    token: secret.describe('an application’s token'),
  }),
  z.strictObject({
    kind: z.literal('slack'),
    ...common,
    url: secretUrl('https://hooks.slack.com/services/T/B/TOKEN'),
  }),
  z.strictObject({
    kind: z.literal('mattermost'),
    ...common,
    url: secretUrl('https://mattermost.example/hooks/KEY'),
  }),
  z.strictObject({
    kind: z.literal('telegram'),
    ...common,
    token: secret.describe('the bot’s token'),
    chat: z
      .union([z.string().min(1), z.int()], { error: 'must be a chat’s number or @name' })
      .transform(String)
      .describe('the chat’s number or @name'),
    url: secretUrl('https://api.telegram.org').default('https://api.telegram.org'),
  }),
  z.strictObject({
    kind: z.literal('webhook'),
    ...common,
    url: secretUrl('https://example.com/hook'),
    secret: secret.optional().describe('signs each body with HMAC-SHA256'),
  }),
]);

const services = z.array(service).superRefine((all, context) => {
  const names = all.map(({ name, kind }) => name ?? kind);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index || name === ANNOTATIONS)
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `must differ from every other service’s name and from ${ANNOTATIONS}, is ${name}`,
      });
});

export const notify = z
  .strictObject({
    services: services
      .default([])
      .describe('who gets a message for each incident, see the README’s table of services'),
    page: httpUrl('http://192.168.1.2:9288')
      .optional()
      .describe('the address of this agent’s page, for the link in messages'),
    grafana: z
      .strictObject({
        url: httpUrl('http://192.168.1.2:3000'),
        token: secret,
        dashboard: z.string().min(1).optional(),
        panel: z.int().min(1).optional(),
      })
      .superRefine(({ dashboard, panel }, context) => {
        if (panel !== undefined && dashboard === undefined)
          context.addIssue({
            code: 'custom',
            path: ['panel'],
            message: 'must be given together with dashboard',
          });
      })
      .optional()
      .describe(
        'a Grafana that marks each incident on its graphs: `url`, the `token` of a service account that may write annotations, and which `dashboard` (UID) and `panel` (default: all that show the tag `wattdog`)',
      ),
    ping: z
      .strictObject({
        url: secretUrl('https://hc-ping.com/UUID'),
        period: duration.prefault('1m').refine((ms) => ms >= 10_000, { error: 'must be at least 10s' }),
      })
      .optional()
      .describe(
        'an address such as healthchecks.io’s that is asked for every `period` (1m) while the agent watches, with `/fail` while it is not ready: `url`, `period`',
      ),
  })
  .prefault({});
