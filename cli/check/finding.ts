/** What one look at this machine found. */
export interface Finding {
  /** What was looked at, such as `port` or `store influxdb1`. */
  name: string;
  /** `warn`: it will run, but perhaps not as is meant; `fail`: it will not work. */
  result: 'ok' | 'warn' | 'fail';
  sentence: string;
  /** What to do about it. */
  advice?: string;
}
