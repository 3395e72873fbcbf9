/** Every setting there is: its rule, its default and its one line of explanation. */
import { z } from 'zod';
import { meterName } from '../wire.ts';

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1.2s`, `10m`, `7d` → milliseconds. */
const duration = z
  .string()
  .regex(DURATION, 'must be a number with a unit ms, s, m, h or d, such as 10s')
  .transform((text) => {
    const [, amount, unit] = DURATION.exec(text) ?? [];
    return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  });

const tcpPort = z.int().min(0).max(65_535);
const secret = z.string().min(1).meta({ secret: true });
const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `must be a URL such as ${example}` });

const timeOfDay = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day such as 14:00');
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const timeZone = z.string().refine(
  (zone) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      return true;
    } catch {
      return false;
    }
  },
  { error: 'must be an IANA time zone such as America/Los_Angeles' },
);

const tariffPeriod = z.strictObject({
  name: z.string().min(1).max(64),
  price: z.number().describe('per kWh'),
  months: z.array(z.int().min(1).max(12)).min(1).optional(),
  days: z.array(z.enum(WEEKDAYS)).min(1).optional(),
  from: timeOfDay.optional(),
  to: timeOfDay.optional().describe('exclusive; before `from` means the next morning'),
});

export const tariffSchema = z
  .strictObject({
    name: z.string().min(1),
    currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
    zone: timeZone,
    periods: z.array(tariffPeriod).min(1).describe('the first period that matches a moment gives its price'),
  })
  .superRefine((tariff, context) => {
    for (const [index, period] of tariff.periods.entries()) {
      if ((period.from === undefined) !== (period.to === undefined))
        context.addIssue({
          code: 'custom',
          path: ['periods', index],
          message: 'must have both from and to, or neither',
        });
    }
    const last = tariff.periods.at(-1);
    if (last && (last.months || last.days || last.from))
      context.addIssue({
        code: 'custom',
        path: ['periods', tariff.periods.length - 1],
        message: 'must have no condition, being the last: it prices every moment that no other period does',
      });
  });

export type Tariff = z.infer<typeof tariffSchema>;

const phase = z.strictObject({
  voltage: z
    .number()
    .positive()
    .max(1000)
    .default(120)
    .describe('nominal volts between this phase and neutral'),
  power_factor: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('a fixed power factor; without one, power is apparent power (VA) and says so'),
});

const meter = z.strictObject({
  name: meterName.default('main').describe('the meter’s name, part of its topics'),
  port: z
    .string()
    .min(1)
    .default('simulated')
    .describe('a device such as /dev/serial/by-id/…, or `simulated` for a made-up household'),
  baud: z.int().min(50).max(4_000_000).default(9600).describe('bits per second on the serial line'),
  decoder: z
    .enum(['amps', 'panel'])
    .optional()
    .describe(
      'the serial format: `amps` for lines like `1 2`, `panel` for our firmware; a real port must name it',
    ),
  phases: z
    .array(phase)
    .min(1)
    .max(12)
    .prefault([{}, {}])
    .describe('one entry a current sensor, in the line’s order'),
  max_current: z
    .number()
    .positive()
    .default(200)
    .describe('amperes; a higher value on any phase is a fault, not a reading'),
  settle: duration
    .prefault('3s')
    .describe('after opening the port, silence this long is no fault (an Uno resets and boots)'),
  silence: duration.prefault('10s').describe('no byte for this long: close the port and open it again'),
  max_gap: duration
    .prefault('10s')
    .describe('without a counter, a longer interval between two samples is a gap and is not charged'),
  simulated_cadence: duration.prefault('1200ms').describe('how often the simulated panel sends a line'),
  outbox_limit: z
    .int()
    .min(1)
    .default(1_000_000)
    .describe(
      'readings kept while the agent is away (two weeks at one per 1.2 s); then the oldest go, counted',
    ),
  tariff: z
    .union([z.string().min(1), tariffSchema])
    .default('sce-tou-d-a')
    .describe('the name of a shipped tariff, or one written out'),
});

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
    .describe('a folder for the passwords of the users `meter` and `reader`, made at the first start'),
  max_connections: z.int().min(1).default(100).describe('further connections are refused'),
  max_packet: z
    .int()
    .min(1024)
    .default(1_048_576)
    .describe('bytes; a client that sends a larger packet is disconnected'),
  drain_timeout: duration
    .prefault('5s')
    .describe('a subscriber that does not read for this long is disconnected'),
});

const httpUrl = url(/^https?$/, 'http://192.168.1.2:8086');
const common = {
  name: meterName.optional().describe('names the store in logs, metrics and its cursor; default: its kind'),
  url: httpUrl,
  layout: z
    .enum(['default', 'classic'])
    .default('default')
    .describe('`classic` writes measurement `elecmeter` with the seven fields of the chain this replaces'),
  timeout: duration.prefault('10s'),
  batch: z.int().min(1).max(50_000).default(5000),
};

const store = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('victoriametrics'),
    ...common,
    username: z.string().optional(),
    password: secret.optional(),
  }),
  z.strictObject({
    kind: z.literal('influxdb1'),
    ...common,
    database: z.string().min(1).default('wattdog'),
    username: z.string().optional(),
    password: secret.optional(),
  }),
  z.strictObject({
    kind: z.literal('influxdb2'),
    ...common,
    org: z.string().min(1),
    bucket: z.string().min(1),
    token: secret,
  }),
  z.strictObject({
    kind: z.literal('influxdb3'),
    ...common,
    database: z.string().min(1).default('wattdog'),
    token: secret.optional(),
  }),
]);

const watch = z.strictObject({
  name: meterName,
  topic: z.string().min(1).describe('the topic whose silence matters; `+` and `#` are allowed'),
  container: z
    .string()
    .min(1)
    .optional()
    .describe('the container this watch may restart; default: the one labelled wattdog.watch=<name>'),
  heal: z.boolean().default(true).describe('false: say it, restart nothing'),
  stall_after: duration
    .optional()
    .describe('silence that convicts; default: learned from the topic’s own cadence'),
});

const agent = z.strictObject({
  http: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('address for /healthz, /readyz and /metrics'),
      port: tcpPort.default(9288).describe('port for /healthz, /readyz and /metrics'),
      token: secret.optional().describe('bearer token for /metrics; needed to listen beyond loopback'),
    })
    .prefault({}),
  stores: z
    .array(store)
    .default([])
    .describe('where readings are forwarded, see the README’s table of stores'),
  watches: z
    .array(watch)
    .optional()
    .describe('what to watch; default: the readings of the meter named `meter.name`'),
  docker: z
    .strictObject({
      socket: z
        .string()
        .min(1)
        .default('/var/run/docker.sock')
        .describe('the engine’s socket, or tcp://host:port of a socket proxy; DOCKER_HOST is honoured'),
      stop_timeout: z
        .int()
        .min(0)
        .max(60)
        .default(2)
        .describe('whole seconds a container gets to stop before it is killed'),
    })
    .prefault({}),
});

export const settingsSchema = z
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
    mqtt: mqtt.prefault({}),
    broker: broker.prefault({}),
    agent: agent.prefault({}),
  })
  .superRefine((settings, context) => {
    const refuse = (path: string[], message: string, received: unknown) =>
      context.addIssue({ code: 'custom', path, message, input: received });
    const { meter, broker, agent, mqtt } = settings;
    if (meter.port !== 'simulated' && meter.decoder === undefined)
      refuse(
        ['meter', 'decoder'],
        'must name the format of a real port, `amps` or `panel`: formats are never guessed',
        undefined,
      );
    if (meter.port === 'simulated' && meter.decoder === 'amps')
      refuse(['meter', 'decoder'], 'must be `panel` for the simulated port', meter.decoder);
    if (
      mqtt.url === 'embedded' &&
      !isLoopback(broker.host) &&
      broker.users.length === 0 &&
      !broker.credentials
    )
      refuse(
        ['broker', 'host'],
        'must be a loopback address unless broker.users or broker.credentials say who may connect (`wattdog hash-password` makes an entry; broker.credentials=DIR makes passwords by itself)',
        broker.host,
      );
    if (!isLoopback(agent.http.host) && agent.http.token === undefined)
      refuse(
        ['agent', 'http', 'host'],
        'must be a loopback address unless agent.http.token is set',
        agent.http.host,
      );
    const names = agent.stores.map((store) => store.name ?? store.kind);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index)
        refuse(['agent', 'stores', String(index), 'name'], 'must differ from every other store’s name', name);
    }
  });

export type Settings = z.infer<typeof settingsSchema>;
export type MeterSettings = Settings['meter'];
export type BrokerSettings = Settings['broker'];
export type StoreSettings = Settings['agent']['stores'][number];
export type WatchSettings = NonNullable<Settings['agent']['watches']>[number];

/** 127.0.0.0/8, ::1 and localhost. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
