/** Values by code: `1.8.0` for electricity, `0-1:24.2.1` for all else; only those that are current. */
export interface DataSets {
  values: Map<string, string[]>;
  /** Something in it is no data set, or one stands in it twice and differs. */
  odd: boolean;
}

/**
 * An identifier and its values, printable and perhaps with a `³`. Some meters put the next value on a line of
 * its own, and break a long one.
 */
const SET = /([^\s()]{0,32})((?:\([ -'*-~\xb0-\xb3\r\n]*\)\s*)+)/y;
const ANYTHING = /\S/g;
const IDENTIFIER = /^(?:(\d{1,3})-(\d{1,3}):)?([0-9A-Z]{1,3}\.\d{1,3})(\.\d{1,3})?(?:[*&](\d{1,3}))?$/;
/** What is no code at all, such as `F.F` or `P.01`; never of use, but no damage either. */
const OTHER = /^[0-9A-Z]+(?:[.:*&-][0-9A-Z]+)*$/i;

/** Takes data sets of IEC 62056-21 apart, such as `1-0:1.8.0*255(001846.0*kWh)`, in any number on a line. */
export function dataSets(text: string): DataSets {
  const values = new Map<string, string[]>();
  let odd = false;
  for (let at = startAfter(text, 0); at !== undefined; at = startAfter(text, SET.lastIndex)) {
    SET.lastIndex = at;
    const match = SET.exec(text);
    if (match === null) {
      odd = true;
      const line = text.indexOf('\n', at);
      SET.lastIndex = line === -1 ? text.length : line;
      continue;
    }
    const [, identifier = '', groups = ''] = match;
    const key = keyOf(identifier);
    if (key === undefined) {
      odd ||= !OTHER.test(identifier);
      continue;
    }
    if (key === 'past') continue;
    const told = groups
      .trimEnd()
      .slice(1, -1)
      .split(/\)\s*\(/);
    const before = values.get(key);
    if (before === undefined) values.set(key, told);
    else odd ||= before.join() !== told.join();
  }
  return { values, odd };
}

/** Where something stands after the blanks at a place; undefined where nothing does. */
function startAfter(text: string, at: number): number | undefined {
  ANYTHING.lastIndex = at;
  return ANYTHING.exec(text)?.index;
}

/** `past` for a value of an earlier billing period. */
function keyOf(identifier: string): string | undefined {
  const match = IDENTIFIER.exec(identifier);
  if (match === null) return undefined;
  const [, medium = '1', channel = '0', code = '', rate = '.0', period = '255'] = match;
  if (period !== '255') return 'past';
  // Some meters number no rate as 255.
  return medium === '1' && (channel === '0' || channel === '1')
    ? code + (rate === '.255' ? '.0' : rate)
    : `${medium}-${channel}:${code}${rate}`;
}
