/** One server-sent event. */
export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Takes a stream of text apart as the HTML standard has it (`event` and `data`, comments, all three ends
 * of a line); call it with each piece as it comes.
 */
export function createEventParser(): (piece: string) => ServerEvent[] {
  let rest = '';
  let event = '';
  let data: string[] = [];
  const endEvent = (): ServerEvent[] => {
    const done = data.length === 0 ? [] : [{ event: event || 'message', data: data.join('\n') }];
    event = '';
    data = [];
    return done;
  };
  const take = (line: string): ServerEvent[] => {
    if (line === '') return endEvent();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
    return [];
  };
  return (piece) => {
    // A CR at the very end may be the first half of CR LF.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    return lines.flatMap(take);
  };
}
