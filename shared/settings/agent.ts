/** The agent's settings. */
import * as z from 'zod';
import { notify } from './notify.ts';
import { age, secret, size, tcpPort, timeZone, uniqueNames } from './rules.ts';
import { store } from './stores.ts';
import { maintenance, watch } from './watch.ts';

export const agent = z.strictObject({
  http: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .default('127.0.0.1')
        .describe('address of the HTTP port: the page, the API, health, metrics, webhooks'),
      port: tcpPort.default(9288).describe('port of the page, the API, health, metrics and webhooks'),
      token: secret
        .optional()
        .describe(
          'bearer token for the page, the API, /metrics and the webhooks; needed to listen beyond loopback, unless `broker.credentials` makes one, in its file `page`',
        ),
    })
    .prefault({}),
  stores: z
    .array(store)
    .superRefine(uniqueNames(({ name, kind }) => name ?? kind, 'store'))
    .default([])
    .describe('where readings are forwarded, see the README’s table of stores'),
  watches: z
    .array(watch)
    .superRefine(uniqueNames(({ name }) => name, 'watch'))
    .optional()
    .describe('what to watch; default: the readings of each meter'),
  maintenance: z
    .array(maintenance)
    .default([])
    .describe('when watches are left alone, in the time zone of `agent.journal.zone`'),
  hooks: z
    .strictObject({
      username: z.string().min(1).optional().describe('for basic authentication of the webhooks'),
      password: secret.optional().describe('for basic authentication of the webhooks'),
      secret: secret.optional().describe('for webhooks signed with HMAC-SHA256, such as Grafana’s'),
    })
    .superRefine(({ username, password }, context) => {
      if ((username === undefined) !== (password === undefined))
        context.addIssue({
          code: 'custom',
          path: [username === undefined ? 'username' : 'password'],
          message: 'must be given together with the other of username and password',
        });
    })
    .prefault({}),
  notify,
  home_assistant: z
    .strictObject({
      discovery: z
        .enum(['device', 'component', 'off'])
        .default('device')
        .describe(
          'how meters are announced: `device` from Home Assistant 2024.12 on, `component` for older ones and openHAB',
        ),
      prefix: z
        .string()
        .regex(/^[\w-]+(\/[\w-]+)*$/, 'must be a topic without wildcards, such as homeassistant')
        .default('homeassistant')
        .describe('its discovery prefix'),
    })
    .prefault({}),
  journal: z
    .strictObject({
      age: age
        .prefault('90d')
        .describe('readings older than this leave the journal; hourly and daily sums stay'),
      size: size
        .prefault('4GB')
        .refine((bytes) => bytes >= 10e6, { error: 'must be at least 10MB' })
        .describe('disk the journal may take; beyond it the oldest readings leave it'),
      zone: timeZone.optional().describe('the time zone of its days; default: this machine’s'),
    })
    .prefault({}),
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
      labels: z
        .boolean()
        .default(true)
        .describe('watch every container that carries the label wattdog.watch=true'),
      paused: z
        .enum(['unpause', 'respect'])
        .default('unpause')
        .describe('what to do with a watched container that is found paused'),
      usb_reset: z
        .string()
        .min(1)
        .optional()
        .describe(
          'the meter’s USB device, such as /sys/bus/usb/devices/1-1.2: it may be reset as the last resort',
        ),
    })
    .prefault({}),
});
