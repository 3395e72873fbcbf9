/** Everything that is provisioned in Grafana, one folder a kind of store: its data source, dashboards and alerts. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { stringify } from 'yaml';
import { RECEIVER, ruleFile, SOURCE_UID, WATCHED } from './alerts.ts';
import { classic } from './dashboards/classic.ts';
import { health } from './dashboards/health.ts';
import { history } from './dashboards/history.ts';
import { live } from './dashboards/live.ts';
import { influxql } from './influxql.ts';
import { promql } from './promql.ts';

type Kind = keyof typeof WATCHED;

/** Of each kind, the dashboards by the names of their files; the first is the home page. */
const DASHBOARDS: Record<Kind, Record<string, Dashboard>> = {
  victoriametrics: { live: live(promql), history: history(promql), health: health(promql) },
  influxdb: {
    live: live(influxql, '-influxdb'),
    history: history(influxql, '-influxdb'),
    health: health(influxql, '-influxdb'),
  },
  classic: { live: classic() },
};

/** Grafana puts the environment’s variables in their places. */
const INFLUXDB = (database: string) => ({
  type: 'influxdb',
  url: '$INFLUXDB_URL',
  user: '$INFLUXDB_USERNAME',
  jsonData: { dbName: database, httpMode: 'GET', timeInterval: '2s' },
  secureJsonData: { password: '$INFLUXDB_PASSWORD' },
});

const SOURCES: Record<Kind, object> = {
  // VictoriaMetrics speaks Prometheus' language; a field is the metric <measurement>_<field>.
  victoriametrics: {
    type: 'prometheus',
    url: 'http://store:8428',
    jsonData: { timeInterval: '2s', httpMethod: 'POST' },
  },
  influxdb: INFLUXDB('$INFLUXDB_DATABASE'),
  classic: INFLUXDB('studio'),
};

/** The texts of all files, by their paths in the folder `provisioning`. */
export function provisioned(): Record<string, string> {
  return Object.fromEntries((Object.keys(WATCHED) as Kind[]).flatMap(filesOf));
}

function filesOf(kind: Kind): [path: string, text: string][] {
  const dashboards = Object.entries(DASHBOARDS[kind]).map(([name, dashboard]): [string, string] => [
    `${kind}/dashboards/${name}.json`,
    JSON.stringify(dashboard),
  ]);
  return [
    ...dashboards,
    [`${kind}/dashboards/wattdog.yaml`, yaml(providers(kind))],
    [`${kind}/datasources/wattdog.yaml`, yaml(sources(kind))],
    [`${kind}/alerting/contact-points.yaml`, yaml(CONTACT_POINTS)],
    [`${kind}/alerting/rules.yaml`, yaml(ruleFile(WATCHED[kind]))],
  ];
}

const yaml = (contents: object) =>
  `# Made by \`npm run dashboards\`.\n${stringify(contents, { lineWidth: 0 })}`;

const providers = (kind: Kind) => ({
  apiVersion: 1,
  providers: [
    {
      name: 'wattdog',
      folder: 'wattdog',
      type: 'file',
      disableDeletion: true,
      allowUiUpdates: false,
      options: { path: `/etc/grafana/provisioning/${kind}/dashboards` },
    },
  ],
});

const sources = (kind: Kind) => ({
  apiVersion: 1,
  datasources: [
    { name: 'wattdog', uid: SOURCE_UID, access: 'proxy', isDefault: true, editable: false, ...SOURCES[kind] },
  ],
});

/** The agent’s webhook. It restarts a meter only if what it has seen itself agrees. */
const CONTACT_POINTS = {
  apiVersion: 1,
  contactPoints: [
    {
      orgId: 1,
      name: RECEIVER,
      receivers: [
        {
          uid: RECEIVER,
          type: 'webhook',
          disableResolveMessage: true,
          settings: {
            url: 'http://agent:9288/hooks/grafana',
            httpMethod: 'POST',
            authorization_scheme: 'Bearer',
            // The token that the agent made at its first start.
            authorization_credentials: '$__file{/credentials/page}',
          },
        },
      ],
    },
  ],
};
