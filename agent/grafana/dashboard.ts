/** What all dashboards have in common. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { plainQuery } from './datasource.ts';
import type { Questions } from './questions.ts';

/** The tag of all of them, and of the incidents that the agent marks. */
const TAG = 'wattdog';

export interface Contents {
  /** Ends its address. */
  uid: string;
  title: string;
  description: string;
  /** Such as `now-6h`. */
  from: string;
  /** How often it is asked again. */
  refresh: string;
  panels: Builder<Panel>[];
}

/** @param source whom its panels ask, and what else they need chosen. */
export function dashboard(
  { datasource, variables }: Pick<Questions, 'datasource' | 'variables'>,
  { uid, title, description, from, refresh, panels }: Contents,
): Dashboard {
  const built = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .timezone('browser')
    .time({ from, to: 'now' })
    .refresh(refresh)
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([
      new DatasourceVariableBuilder('datasource').label('Data source').type(datasource.type ?? ''),
      ...variables,
    ])
    .annotation(incidents())
    .link(
      new DashboardLinkBuilder(TAG)
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(false),
    );
  panels.forEach((panel, index) => {
    const { targets, ...drawn } = panel.build();
    const asked = targets === undefined ? {} : { datasource, targets };
    built.withPanel({ build: () => ({ ...drawn, id: index + 1, ...asked }) });
  });
  return built.build();
}

/** What the agent writes on the graphs, with `agent.notify.grafana`. */
function incidents(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Incidents')
    .datasource({ type: 'grafana', uid: '-- Grafana --' })
    .enable(true)
    .hide(false)
    .iconColor('red')
    .target(plainQuery({ refId: 'Incidents', type: 'tags', tags: [TAG], limit: 100, matchAny: false }));
}
