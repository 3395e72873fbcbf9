import type { NotifySettings } from '../../../shared/settings/schema.ts';
import type { Service } from '../service.ts';
import { discord } from './discord.ts';
import { gotify } from './gotify.ts';
import { mattermost } from './mattermost.ts';
import { ntfy } from './ntfy.ts';
import { slack } from './slack.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook.ts';

export function createService(settings: NotifySettings['services'][number]): Service {
  switch (settings.kind) {
    case 'discord':
      return discord(settings.url);
    case 'ntfy':
      return ntfy(settings.url, settings.token);
    case 'gotify':
      return gotify(settings.url, settings.token);
    case 'slack':
      return slack(settings.url);
    case 'mattermost':
      return mattermost(settings.url);
    case 'telegram':
      return telegram(settings);
    case 'webhook':
      return webhook(settings.url, settings.secret);
  }
}
