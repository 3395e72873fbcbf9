/** The settings of one meter. */
import * as z from 'zod';
import { meterName } from '../wire.ts';
import { age, duration, secret, size, uniqueNames } from './rules.ts';
import { tariffSchema } from './tariff.ts';

export const FORMATS = ['amps', 'panel', 'emontx', 'dsmr', 'd0', 'sml', 'pzem', 'raven'] as const;
type Format = (typeof FORMATS)[number];

/** ms between two answers of `pzem`, unless told otherwise. */
const PZEM_POLL = 1000;
/** ms for which a healthy device says nothing, at most: three of the usual cadences of the slow ones. */
const QUIET = 10_000;
const QUIET_OF: Partial<Record<Format, number>> = {
  emontx: 30_000,
  dsmr: 30_000,
  d0: 30_000,
  raven: 30_000,
};

/** How what a sensor tells becomes what is so; its unit is the channel's. */
const channel = z
  .strictObject({
    points: z
      .array(z.tuple([z.number(), z.number()]))
      .min(2)
      .optional()
      .describe('pairs of what it tells and what is so, rising; between them lines are drawn'),
    gain: z.number().positive().default(1).describe('multiplied with what it tells, after `points`'),
    offset: z.number().default(0).describe('added then'),
    dead_band: z.number().min(0).default(0).describe('what lies nearer to 0 than this is 0'),
    least: z.number().optional().describe('no lower value can be'),
    most: z.number().optional().describe('no higher value can be'),
    beyond: z
      .enum(['clip', 'refuse'])
      .default('refuse')
      .describe('what lies beyond `least` and `most`: brought back to them, or the sample refused'),
    slew: z
      .number()
      .positive()
      .optional()
      .describe('per second; what changes faster is refused, unless the next sample confirms it'),
  })
  .superRefine(({ points = [], least, most }, context) => {
    const rising = points.every(([told], index) => index === 0 || told > (points[index - 1]?.[0] ?? told));
    if (!rising) context.addIssue({ code: 'custom', path: ['points'], message: 'must rise in what is told' });
    if (least !== undefined && most !== undefined && least >= most)
      context.addIssue({ code: 'custom', path: ['most'], message: 'must be more than least' });
  })
  .prefault({});

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
  reversed: z
    .boolean()
    .default(false)
    .describe('what this sensor counts flows out of the house, such as a solar inverter’s'),
  calibration: z
    .strictObject({ current: channel, voltage: channel, power: channel })
    .prefault({})
    .describe('of its channels current (A), voltage (V) and power (W)'),
});

export const meter = z
  .strictObject({
    name: meterName.default('main').describe('the meter’s name, part of its topics'),
    port: z
      .string()
      .min(1)
      .default('simulated')
      .describe('a device such as /dev/serial/by-id/…, or `simulated` for a made-up household'),
    decoder: z
      .enum(FORMATS)
      .optional()
      .describe('the serial format, see the README’s table of meters; a real port must name it'),
    baud: z
      .int()
      .min(50)
      .max(4_000_000)
      .optional()
      .describe('bits per second on the serial line; default: the decoder’s usual'),
    framing: z
      .enum(['8N1', '7E1', '7O1', '8E1', '7N1', '8N2'])
      .optional()
      .describe('data bits, parity and stop bits; default: the decoder’s usual'),
    poll: duration
      .optional()
      .describe(
        'ask the meter this often; default: `pzem` every second, `d0` never, for it speaks by itself',
      ),
    address: z
      .int()
      .min(1)
      .max(248)
      .optional()
      .describe('of the device among several on one line (`pzem`); default: 1'),
    device_address: z
      .string('must be text, in quotes where it is digits only')
      .regex(/^[ "-.0-~]{1,32}$/, 'must be 1 to 32 characters without ! and /')
      .optional()
      .describe(
        'what is printed on a meter that is asked (`d0`, `poll`) and answers only by name, leading zeros and all',
      ),
    wake_up: z
      .boolean()
      .default(false)
      .describe('wake the meter before it is asked, as those of `d0` need that live on a battery'),
    channels: z
      .array(z.int().min(1).max(12))
      .min(1)
      .optional()
      .describe('which of the device’s channels are this meter’s phases, from 1; default: all'),
    key: secret
      .refine((key) => /^[0-9a-f]{32}$/i.test(key), { error: 'must be 32 hexadecimal digits' })
      .optional()
      .describe('decrypts the telegrams of `dsmr` where a meter encrypts them'),
    authentication_key: secret
      .refine((key) => /^[0-9a-f]{32}$/i.test(key), { error: 'must be 32 hexadecimal digits' })
      .optional()
      .describe('authenticates them; default: the one that Luxembourg uses'),
    checksum: z
      .enum(['warn', 'refuse'])
      .default('warn')
      .describe('what a wrong checksum means where real meters send wrong ones (`d0`)'),
    computed: z
      .strictObject({
        plus: z.array(meterName).min(1),
        minus: z.array(meterName).default([]),
      })
      .optional()
      .describe(
        'no port: what the meters `plus` count less what the meters `minus` do, the rest of the house',
      ),
    phases: z
      .array(phase)
      .min(1)
      .max(12)
      .optional()
      .describe(
        'one entry a current sensor, in the line’s order; of other meters, their phases; default: one for each of `channels`, else 2',
      ),
    max_current: z
      .number()
      .positive()
      .default(200)
      .describe('amperes; a higher value on any phase is a fault, not a reading'),
    settle: duration
      .prefault('3s')
      .describe('after opening the port, silence this long is no fault (an Uno resets and boots)'),
    silence: duration
      .optional()
      .describe(
        'no byte for this long: close the port and open it again; default: 10s, 30s for `emontx`, `dsmr`, `d0` and `raven`, and `poll` more for who is asked',
      ),
    max_gap: duration
      .optional()
      .describe(
        'a longer silence between two readings is a gap, told with the next one; keep it above the meter’s own cadence; default: as for `silence`, with `poll` twice',
      ),
    simulated_cadence: duration.prefault('1200ms').describe('how often the simulated panel sends a line'),
    outbox_size: size
      .prefault('1GB')
      .refine((bytes) => bytes >= 1e6, { error: 'must be at least 1MB' })
      .describe(
        'disk the outbox may take while the agent is away (two weeks and more); then the oldest readings go, counted',
      ),
    outbox_age: age.prefault('30d').describe('readings that waited longer go too, counted'),
    tariff: z
      .union([z.string().min(1), tariffSchema], {
        error: 'must be the name of a shipped tariff, or one written out',
      })
      .prefault('sce-tou-d-a')
      .describe('the name of a shipped tariff, or one written out'),
  })
  .superRefine(({ decoder, poll, device_address, wake_up }, context) => {
    if (decoder === 'd0' && poll !== undefined) return;
    const message = 'must be left out: only `d0` has it, where it is asked (`poll`)';
    if (device_address !== undefined) context.addIssue({ code: 'custom', path: ['device_address'], message });
    if (wake_up) context.addIssue({ code: 'custom', path: ['wake_up'], message });
  })
  .transform(({ silence, max_gap, phases, ...given }) => {
    const { decoder = 'panel', channels = [1, 2] } = given;
    const poll = given.poll ?? (decoder === 'pzem' ? PZEM_POLL : undefined);
    const quiet = QUIET_OF[decoder] ?? QUIET;
    return {
      ...given,
      ...(poll === undefined ? {} : { poll }),
      silence: silence ?? quiet + (poll ?? 0),
      max_gap: max_gap ?? quiet + 2 * (poll ?? 0),
      phases: phases ?? channels.map(() => phase.parse({})),
    };
  });

export type Meter = z.infer<typeof meter>;

/** Several of them in one process. */
export const meters = z
  .array(meter)
  .max(64)
  .superRefine(uniqueNames(({ name }) => name, 'meter'))
  .prefault([])
  .describe(
    'several meters, each with the settings of `meter`, which are what it leaves out; `meter` itself is none then',
  );
