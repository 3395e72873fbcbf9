import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import * as z from 'zod';
import { provisioned } from '../../../agent/grafana/provisioning.ts';

const FOLDER = 'agent/grafana/provisioning';
const read = (path: string) => readFileSync(join(FOLDER, path), 'utf8');
const KINDS = ['victoriametrics', 'influxdb', 'classic'];

test('what is checked in is what the code makes: `npm run dashboards`', (t) => {
  const files = provisioned();
  t.deepEqual(globSync('**/*.*', { cwd: FOLDER }).toSorted(), Object.keys(files).toSorted());
  for (const [path, text] of Object.entries(files))
    if (path.endsWith('.json')) t.deepEqual(JSON.parse(read(path)), JSON.parse(text), path);
    else t.is(read(path), text, path);
});

const target = z.looseObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: z.strictObject({ type: z.enum(['prometheus', 'influxdb']), uid: z.literal(`\${datasource}`) }),
});
const panel = z.looseObject({
  id: z.int().min(1),
  type: z.enum(['annolist', 'barchart', 'gauge', 'stat', 'state-timeline', 'table', 'text', 'timeseries']),
  title: z.string().min(1),
  gridPos: z.strictObject({
    x: z.int().min(0),
    y: z.int().min(0),
    w: z.int().min(1).max(24),
    h: z.int().min(1),
  }),
  datasource: target.shape.datasource.optional(),
  targets: z.array(target).min(1).optional(),
  fieldConfig: z
    .looseObject({
      defaults: z.looseObject({ unit: z.string().optional() }),
      overrides: z.array(z.looseObject({ matcher: z.object({ id: z.string(), options: z.string() }) })),
    })
    .optional(),
});
const dashboard = z.looseObject({
  id: z.null().optional(),
  uid: z.string().regex(/^[a-z-]{1,40}$/),
  title: z.string().min(1),
  timezone: z.literal('browser'),
  schemaVersion: z.int(),
  time: z.strictObject({ from: z.string().startsWith('now-'), to: z.literal('now') }),
  tags: z.tuple([z.literal('wattdog')]),
  panels: z.array(panel).min(1),
  templating: z.object({
    list: z
      .array(z.looseObject({ name: z.string(), type: z.enum(['datasource', 'query', 'custom']) }))
      .min(1),
  }),
});

const files = KINDS.flatMap((kind) =>
  globSync(`${kind}/dashboards/*.json`, { cwd: FOLDER }).map((path) => ({ kind, path, text: read(path) })),
);

for (const { kind, path, text } of files)
  test(`${path} is a dashboard that Grafana can draw`, (t) => {
    const { panels, templating } = dashboard.parse(JSON.parse(text));
    const ids = panels.map(({ id }) => id);
    t.deepEqual([...new Set(ids)], ids);
    for (const { title, targets = [], datasource, fieldConfig } of panels) {
      const letters = targets.map(({ refId }) => refId);
      t.deepEqual([...new Set(letters)], letters, title);
      t.is(datasource !== undefined, targets.length > 0, title);
      t.is(fieldConfig !== undefined, targets.length > 0, title);
      const type = kind === 'victoriametrics' ? 'prometheus' : 'influxdb';
      for (const query of targets) t.is(query.datasource.type, type, title);
    }
    const variables = templating.list.map(({ name }) => name);
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    const builtIn = /^(timeFilter|tag_\w+|__\w+)$/;
    t.deepEqual([...new Set(used.filter((name) => !builtIn.test(name) && !variables.includes(name)))], []);
    t.is(templating.list[0]?.type, 'datasource');
    t.deepEqual(overlaps(panels), []);
    for (const { title, gridPos } of panels) t.true(gridPos.x + gridPos.w <= 24, title);
  });

/** Pairs of panels that lie on each other. */
function overlaps(panels: z.infer<typeof panel>[]): string[] {
  return panels.flatMap(({ title, gridPos: one }, index) =>
    panels.slice(index + 1).flatMap(({ title: other, gridPos: two }) => {
      const apart =
        one.x + one.w <= two.x || two.x + two.w <= one.x || one.y + one.h <= two.y || two.y + two.h <= one.y;
      return apart ? [] : [`${title} and ${other}`];
    }),
  );
}

test('no two dashboards have the same address', (t) => {
  const uids = files.map(({ text }) => dashboard.parse(JSON.parse(text)).uid);
  t.deepEqual([...new Set(uids)], uids);
});

const duration = z.string().regex(/^\d+[smh]$/);
/** As Grafana's readers of these files have them; a field they do not know is a mistake of ours. */
const SCHEMAS: Record<string, z.ZodType> = {
  'datasources/wattdog.yaml': z.strictObject({
    apiVersion: z.literal(1),
    datasources: z.tuple([
      z.strictObject({
        name: z.string(),
        uid: z.literal('wattdog'),
        type: z.enum(['prometheus', 'influxdb']),
        access: z.literal('proxy'),
        url: z.string(),
        user: z.string().optional(),
        isDefault: z.literal(true),
        editable: z.boolean(),
        jsonData: z.strictObject({
          timeInterval: duration,
          httpMethod: z.literal('POST').optional(),
          httpMode: z.literal('GET').optional(),
          dbName: z.string().optional(),
        }),
        secureJsonData: z.strictObject({ password: z.string() }).optional(),
      }),
    ]),
  }),
  'dashboards/wattdog.yaml': z.strictObject({
    apiVersion: z.literal(1),
    providers: z.tuple([
      z.strictObject({
        name: z.string(),
        folder: z.string(),
        type: z.literal('file'),
        disableDeletion: z.boolean(),
        allowUiUpdates: z.boolean(),
        options: z.strictObject({ path: z.string().startsWith('/etc/grafana/provisioning/') }),
      }),
    ]),
  }),
  'alerting/contact-points.yaml': z.strictObject({
    apiVersion: z.literal(1),
    contactPoints: z.tuple([
      z.strictObject({
        orgId: z.literal(1),
        name: z.literal('wattdog'),
        receivers: z.tuple([
          z.strictObject({
            uid: z.string().min(1),
            type: z.literal('webhook'),
            disableResolveMessage: z.boolean(),
            settings: z.strictObject({
              url: z.url(),
              httpMethod: z.literal('POST'),
              authorization_scheme: z.literal('Bearer'),
              authorization_credentials: z.string().regex(/^\$__file\{[^}]+\}$/),
            }),
          }),
        ]),
      }),
    ]),
  }),
  'alerting/rules.yaml': z.strictObject({
    apiVersion: z.literal(1),
    groups: z.tuple([
      z.strictObject({
        orgId: z.literal(1),
        name: z.string().min(1),
        folder: z.string().min(1),
        interval: z.string().regex(/^\d*0s$/, 'must be a multiple of Grafana’s 10 s'),
        rules: z.array(
          z.strictObject({
            uid: z.string().regex(/^[a-z-]{1,40}$/),
            title: z.string().min(1),
            condition: z.string().regex(/^[A-Z]$/),
            for: duration,
            noDataState: z.enum(['NoData', 'Alerting', 'OK', 'KeepLast']),
            execErrState: z.enum(['Error', 'Alerting', 'OK', 'KeepLast']),
            annotations: z.record(z.string(), z.string()),
            notification_settings: z.strictObject({ receiver: z.literal('wattdog') }).optional(),
            data: z.array(
              z.strictObject({
                refId: z.string().regex(/^[A-Z]$/),
                datasourceUid: z.enum(['wattdog', '__expr__']),
                relativeTimeRange: z.strictObject({ from: z.int().min(0), to: z.int().min(0) }),
                model: z.looseObject({ refId: z.string() }),
              }),
            ),
          }),
        ),
      }),
    ]),
  }),
};

for (const kind of KINDS)
  for (const [name, schema] of Object.entries(SCHEMAS))
    test(`${kind}/${name} is as Grafana reads it`, (t) => {
      const { error } = schema.safeParse(parse(read(`${kind}/${name}`)));
      t.is(error && z.prettifyError(error), undefined);
    });

test('compose gives Grafana and the store what they are told to read', (t) => {
  const { services } = parse(readFileSync('compose.yaml', 'utf8'));
  const { environment } = services.grafana;
  const inside = (path: string, kind: string) =>
    path.replace(`\${GRAFANA_STORE:-victoriametrics}`, kind).replace('/etc/grafana/provisioning', FOLDER);
  for (const kind of KINDS) {
    t.true(existsSync(inside(environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH, kind)), kind);
    t.true(existsSync(inside(environment.GF_PATHS_PROVISIONING, kind)), kind);
    const { providers } = parse(read(`${kind}/dashboards/wattdog.yaml`));
    t.true(existsSync(inside(providers[0].options.path, kind)), kind);
  }
  t.true(services.grafana.volumes.includes(`./${FOLDER}:/etc/grafana/provisioning:ro`));
  t.true(services.store.volumes.includes('./agent/grafana/scrape.yaml:/scrape.yaml:ro'));
  for (const { volumes, group_add } of [services.grafana, services.store]) {
    t.true(volumes.includes('credentials:/credentials:ro'));
    t.deepEqual(group_add, [`\${PGID:-100}`]);
  }
  for (const name of read('influxdb/datasources/wattdog.yaml').match(/\$\w+/g) ?? [])
    t.true(name.slice(1) in environment, name);
});
