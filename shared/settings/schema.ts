/** Every setting there is: its rule, its default and its one line of explanation. */
import * as z from 'zod';
import { LARGEST_PAYLOAD } from '../wire.ts';
import { agent } from './agent.ts';
import { meter, meters } from './meter.ts';
import { checkMeters, inherit } from './meters.ts';
import { duration, isLoopback, secret, tcpPort, url } from './rules.ts';
import type { tariffSchema } from './tariff.ts';

export type Tariff = z.infer<typeof tariffSchema>;
/** As it is written: what has a default may be left out. */
export type TariffInput = z.input<typeof tariffSchema>;

const mqtt = z.strictObject({
  url: z
    .union([z.literal('embedded'), url(/^(mqtts?|wss?)$/, 'mqtt://192.168.1.2:1883')], {
      error: 'must be `embedded` or a URL such as mqtt://192.168.1.2:1883',
    })
    .default('embedded')
    .describe('`embedded`: the agent runs the broker itself; or the URL of any MQTT 5 broker'),
  username: z.string().min(1).optional().describe('user name for the broker'),
  password: secret.optional().describe('password for the broker'),
});

const brokerUser = z.strictObject({
  name: z.string().regex(/^[^\s:]{1,64}$/, 'must be 1 to 64 characters without spaces and colons'),
  role: z.enum(['meter', 'agent', 'reader']),
  password_hash: z
    .string()
    .regex(
      /^scrypt:\d+:\d+:\d+:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/,
      'must be a line made by `wattdog hash-password`',
    )
    .meta({ secret: true }),
});

const broker = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('address the embedded broker listens on'),
  port: tcpPort.default(1883).describe('its MQTT port'),
  websocket_port: tcpPort.optional().describe('its MQTT over WebSocket port; off unless given'),
  users: z
    .array(brokerUser)
    .default([])
    .describe('who may connect, with the roles `meter`, `agent` or `reader`'),
  credentials: z
    .string()
    .min(1)
    .optional()
    .describe(
      'a folder for the passwords of the users `meter` and `reader`, and the token of the page, made at the first start',
    ),
  max_connections: z.int().min(1).default(100).describe('further connections are refused'),
  max_packet: z
    .int()
    .min(1024)
    .default(LARGEST_PAYLOAD)
    .describe('bytes; a client that sends a larger packet is disconnected'),
  drain_timeout: duration
    .prefault('5s')
    .describe('a subscriber that does not read for this long is disconnected'),
});

/** Without what one section takes from another. */
export const settingsShape = z
  .strictObject({
    data: z.string().min(1).default('data').describe('folder for outbox, journal and state'),
    log: z
      .strictObject({
        level: z
          .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
          .default('info')
          .describe('how much is logged'),
        format: z
          .enum(['auto', 'json', 'pretty'])
          .default('auto')
          .describe('`auto`: readable lines on a terminal, JSON otherwise'),
      })
      .prefault({}),
    meter: meter.prefault({}),
    meters,
    mqtt: mqtt.prefault({}),
    broker: broker.prefault({}),
    agent: agent.prefault({}),
  })
  .superRefine(checkMeters, unlessWrong(['meter'], ['meters']))
  .superRefine(
    ({ broker, agent: { http } }, context) => {
      if (!isLoopback(http.host) && http.token === undefined && broker.credentials === undefined)
        context.addIssue({
          code: 'custom',
          path: ['agent', 'http', 'host'],
          message:
            'must be a loopback address unless agent.http.token is set, or broker.credentials makes one by itself',
        });
    },
    unlessWrong(['broker', 'credentials'], ['agent', 'http']),
  )
  .superRefine(
    ({ broker, mqtt }, context) => {
      const open = broker.users.length === 0 && broker.credentials === undefined;
      if (mqtt.url === 'embedded' && open && !isLoopback(broker.host))
        context.addIssue({
          code: 'custom',
          path: ['broker', 'host'],
          message:
            'must be a loopback address unless broker.users or broker.credentials say who may connect (`wattdog hash-password` makes an entry; broker.credentials=DIR makes passwords by itself)',
        });
    },
    unlessWrong(['broker'], ['mqtt']),
  );

export const settingsSchema = z.preprocess(inherit, settingsShape);

/** A rule over several sections is said together with what is wrong elsewhere, but not in one of them. */
function unlessWrong(...sections: string[][]) {
  return {
    when: ({ issues }: { issues: readonly { code: string; path?: PropertyKey[] | undefined }[] }) =>
      !issues.some(
        ({ code, path = [] }) =>
          code !== 'unrecognized_keys' &&
          sections.some((section) => path.every((step, depth) => (section[depth] ?? step) === step)),
      ),
  };
}

export type Settings = z.infer<typeof settingsSchema>;
export type MeterSettings = Settings['meter'];
export type BrokerSettings = Settings['broker'];
export type StoreSettings = Settings['agent']['stores'][number];
export type WatchSettings = NonNullable<Settings['agent']['watches']>[number];
export type NotifySettings = Settings['agent']['notify'];
export type MaintenanceSettings = Settings['agent']['maintenance'][number];
