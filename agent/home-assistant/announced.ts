/** What has been announced, and what is to be said for it to become something else. */

export interface Announcement {
  topic: string;
  /** JSON. */
  payload: string;
  /** Withdrawn; Home Assistant is told once more when it is next there. */
  gone: boolean;
}

/** What remembers announcements from one run of the agent to the next. */
export interface AnnouncementStore {
  load(): Announcement[];
  save(announcement: Announcement): void;
  drop(topic: string): void;
}

/** What is to be published, retained, in this order. */
export interface Change {
  /** Topics whose entities go over to another topic: Home Assistant keeps what people did to them. */
  moving: string[];
  /** New, or other than before. */
  said: [topic: string, payload: string][];
  /** Topics whose devices or entities are no more. */
  leaving: string[];
}

interface Place {
  /** The device, among those under the same prefix. */
  device: string;
  /** Undefined where one message announces the whole device. */
  entity: string | undefined;
}

/** @param wanted payloads by topic. */
export function changeTo(wanted: ReadonlyMap<string, string>, known: Iterable<Announcement>): Change {
  const before = new Map<string, string>();
  for (const { topic, payload, gone } of known) if (!gone) before.set(topic, payload);
  const said: Change['said'] = [];
  for (const [topic, payload] of wanted) {
    const next = withLeavers(payload, before.get(topic));
    if (next !== before.get(topic)) said.push([topic, next]);
  }
  const left = [...before.keys()].filter((topic) => !wanted.has(topic));
  const forms = new Map<string, { whole: boolean; entities: Set<string> }>();
  for (const [topic, payload] of wanted) {
    const { device, entity } = placeOf(topic);
    const form = forms.get(device) ?? { whole: entity === undefined, entities: new Set() };
    for (const id of entity === undefined ? Object.keys(componentsOf(payload)) : [entity])
      form.entities.add(id);
    forms.set(device, form);
  }
  const moves = (topic: string) => {
    const { device, entity } = placeOf(topic);
    const form = forms.get(device);
    if (form === undefined) return false;
    return entity === undefined ? !form.whole : form.whole && form.entities.has(entity);
  };
  return { moving: left.filter(moves), said, leaving: left.filter((topic) => !moves(topic)) };
}

/** A device that loses an entity must say so, by the entity's platform alone, until it says something else. */
function withLeavers(payload: string, before: string | undefined): string {
  if (before === undefined || before === payload) return payload;
  const { components, ...about } = JSON.parse(payload) as { components?: Record<string, object> };
  if (components === undefined) return payload;
  const present = Object.entries(componentsOf(before)).filter(
    ([, options]) => Object.keys(options).length > 1,
  );
  const withoutLeavers = JSON.stringify({ ...about, components: Object.fromEntries(present) });
  if (withoutLeavers === payload) return before;
  const leavers = present
    .filter(([id]) => components[id] === undefined)
    .map(([id, { platform }]) => [id, { platform }] as const);
  if (leavers.length === 0) return payload;
  return JSON.stringify({ ...about, components: { ...components, ...Object.fromEntries(leavers) } });
}

function componentsOf(payload: string): Record<string, { platform: string }> {
  const { components = {} } = JSON.parse(payload) as { components?: Record<string, { platform: string }> };
  return components;
}

/** `<prefix>/device/<device>/config`, or `<prefix>/<platform>/<device>/<entity>/config`. */
function placeOf(topic: string): Place {
  const levels = topic.split('/');
  const [kind, last = ''] = levels.slice(-3);
  if (kind === 'device') return { device: [...levels.slice(0, -3), last].join('/'), entity: undefined };
  return { device: [...levels.slice(0, -4), kind].join('/'), entity: last };
}
