import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import type { DataTransformerConfig, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';

/** What is counted, and can be summed: what was taken in and what it cost, what was fed out and what it earned. */
export type Amount = 'energy' | 'cost' | 'export_energy' | 'credit';
/** What is taken in, or what of it remains. */
export type Balance = 'energy' | 'cost';

/** What comes off each. */
export const OUTWARDS = { energy: 'export_energy', cost: 'credit' } as const;

/** A query, once it is known which letter it goes by in its panel. */
export type Target = (refId: string) => Builder<Dataquery>;

/** What a panel asks of its data source, and how the result is put into the shape that was asked for. */
export interface Answer {
  targets: Target[];
  transformations?: DataTransformerConfig[];
}

/**
 * All that the dashboards want to know of a meter’s readings, whatever the language of the store. Each answer
 * has the same names and the same numbers in every language; sums are of the panel’s time range.
 */
export interface Questions {
  /** Whom they are asked of. */
  datasource: DataSourceRef;
  /** Which meter, and whether its real or its simulated readings: no number is ever made of both. */
  variables: Builder<VariableModel>[];
  /**
   * Two series, `Power` (W) and `Apparent power` (VA). Without a power factor both are the same number, and
   * then there is no `Power`: nobody knows it. Where the meter tells no apparent power, there is `Power` alone.
   */
  load(of: 'newest' | 'mean' | 'base'): Answer;
  /** `Phase 1`, … (A). */
  currents(): Answer;
  /** Currency per kWh. */
  price(): Answer;
  /** A table whose column `tariff` names the period at present. */
  period(): Answer;
  /** The verdict of each watch by its number, where the store knows what the agent tells of itself. */
  verdicts: Record<'newest' | 'series', Answer> | undefined;
  /** `Newest reading`: when it was taken. */
  newestTime(): Answer;
  /** One number: the sum of all intervals, of what was counted in gaps, and of corrections. */
  total(amount: Amount): Answer;
  /** One number: what was taken in less what was fed out, or what it cost, charges of time included, less what that earned. */
  net(balance: Balance): Answer;
  /** One number: what the whole range will come to, at the mean rate of the readings in it. */
  forecast(balance: Balance): Answer;
  /**
   * A series of sums for each period of the tariff, `in gaps` and `corrected`; below nought `fed out` or `earned`,
   * and those in gaps.
   */
  byPeriod(balance: Balance): Answer;
  /** One series of kWh. */
  energy(): Answer;
  /** One series of m³, of the meter behind this one. */
  volume(of: 'gas' | 'water'): Answer;
  /** The highest apparent power (VA), and power (W), which is never higher. */
  peaks(): Answer;
  /** The part of the time that readings cover, from 0 to 1. */
  coverage(): Answer;
  /** A table with a row for each gap: when it ended, how long it was, why, and what is known of it. */
  gaps(): Answer;
}

/** What every series is selected by, besides the meter’s name: the values of the variable `readings`. */
export const READINGS = { real: '|measured|counted|estimated', simulated: 'simulated' };

/**
 * The shortest step of what is summed up by day or hour: no time zone begins its day off a quarter of an
 * hour. Beyond these points Grafana makes steps longer, which still divide a day.
 */
export const STEP = '15m';
export const MOST_POINTS = 11_000;
