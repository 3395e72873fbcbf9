/** What a container's labels ask of us. Pure. */
import * as z from 'zod';
import { stallAfter } from '../../shared/settings/watch.ts';
import { shortName } from '../../shared/wire.ts';

/** A watch made of labels. */
export interface LabelledWatch {
  name: string;
  /** Filters; with none the container is judged by its state and its health check alone. */
  topics: string[];
  /** ms of silence that convicts; undefined: learned. */
  stallAfter: number | undefined;
  heal: boolean;
  /** A field of the JSON payload that must move. */
  progress: string | undefined;
  /** Whole seconds the container gets to stop before it is killed; undefined: as in the settings. */
  stopTimeoutS: number | undefined;
}

/** The label that makes a container ours. */
export const WATCH_LABEL = 'wattdog.watch';

/** Words for yes and no that somebody might take for an answer, but that would pass as a name. */
const ANSWERS = ['yes', 'no', 'on', 'off'];
const FILTER = /^((\+|[^+#/]*)\/)*(\+|#|[^+#/]*)$/;

const trueOrFalse = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((text) => text === 'true');

const topics = z
  .string()
  .transform((text) => text.split(',').map((filter) => filter.trim()))
  .refine((filters) => filters.every((filter) => filter !== '' && FILTER.test(filter)), {
    error: 'must be topics separated by commas, with + and # only where a whole level is meant',
  });

const watchName = z
  .string()
  .refine((value) => shortName.safeParse(value).success && !ANSWERS.includes(value), {
    error:
      'must be true, false or a name (1 to 63 of a-z, 0-9, _ and -, starting with a letter or digit; not yes, no, on, off)',
  });

/** Each label with its rule. */
const LABELS = z.strictObject({
  [WATCH_LABEL]: watchName,
  'wattdog.topics': topics.default([]),
  'wattdog.stall-after': z.preprocess((text) => (text === 'auto' ? undefined : text), stallAfter.optional()),
  'wattdog.heal': trueOrFalse.default(true),
  'wattdog.progress': z.string().min(1, 'must be the name of a field, such as uptime').optional(),
  'wattdog.stop-timeout': z
    .string()
    .regex(/^([0-9]|[1-5][0-9]|60)$/, 'must be whole seconds from 0 to 60')
    .transform(Number)
    .optional(),
});

/** Only what is ours of a container's labels. */
export function ourLabels(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label.startsWith('wattdog.')));
}

/** Whether a container asks to be watched, rightly or wrongly. */
export function isLabelled(labels: Record<string, string>): boolean {
  return (labels[WATCH_LABEL] ?? 'false') !== 'false';
}

/**
 * @param container its name, and its labels
 * @returns `undefined` when it does not ask to be watched; a problem, in words, when it asks wrongly: then
 *          it is not watched at all, for nobody may guess what to restart
 */
export function readLabels(container: {
  name: string;
  labels: Record<string, string>;
}): { watch: LabelledWatch } | { problem: string } | undefined {
  const labels = ourLabels(container.labels);
  if (!isLabelled(labels)) return undefined;
  const parsed = LABELS.safeParse(labels);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => describeIssue(issue, labels));
    return { problem: `watching container ${container.name}: ${problems.join('; ')}` };
  }
  const { data } = parsed;
  const asked = data[WATCH_LABEL];
  const name = asked === 'true' ? nameAfter(container.name) : asked;
  if (name === undefined)
    return {
      problem: `watching container ${container.name}: label ${WATCH_LABEL}: must be a name here, for the container's own makes none, got "true"`,
    };
  return {
    watch: {
      name,
      topics: data['wattdog.topics'],
      stallAfter: data['wattdog.stall-after'],
      heal: data['wattdog.heal'],
      progress: data['wattdog.progress'],
      stopTimeoutS: data['wattdog.stop-timeout'],
    },
  };
}

/** `Zigbee.2.MQTT` → `zigbee-2-mqtt`. */
function nameAfter(container: string): string | undefined {
  const name = container
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return shortName.safeParse(name).data;
}

function describeIssue(issue: z.core.$ZodIssue, labels: Record<string, string>): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `label ${key}: must be one of ${Object.keys(LABELS.shape).join(', ')}`);
  const label = String(issue.path[0]);
  return [`label ${label}: ${issue.message}, got ${JSON.stringify(labels[label])}`];
}
