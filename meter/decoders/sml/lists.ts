import { readValue, type Value } from './tlv.ts';

/** The list of values that a meter sends: SML_GetList.Res. */
export interface ValueList {
  /** Of the meter, in its own bytes. */
  server: Uint8Array;
  /** The entries, each: name, status, time, unit, scaler, value, signature. */
  entries: Value[];
}

const GET_LIST = 0x0701;
/** Within a message, within its body, and within the list. */
const BODY = 3;
const SERVER = 1;
const ENTRIES = 4;

/** The lists among a file's messages. @returns undefined where it is not made of messages, and holds none. */
export function valueLists(file: Uint8Array): ValueList[] | undefined {
  const lists: ValueList[] = [];
  for (let at = 0; at < file.length; ) {
    // Padding, and what ends a message, may come in any number.
    if (file[at] === 0) {
      at++;
      continue;
    }
    const message = readValue(file, at);
    if (message === undefined || !Array.isArray(message.value)) return lists.length > 0 ? lists : undefined;
    lists.push(...listOf(message.value));
    at = message.next;
  }
  return lists;
}

function listOf(message: Value[]): ValueList[] {
  const body = message[BODY];
  if (!Array.isArray(body)) return [];
  const [tag, content] = body;
  if (!isInteger(tag) || tag.value !== GET_LIST || !Array.isArray(content)) return [];
  const [server, entries] = [content[SERVER], content[ENTRIES]];
  return Array.isArray(entries)
    ? [{ server: server instanceof Uint8Array ? server : new Uint8Array(), entries }]
    : [];
}

export function isInteger(value: Value): value is Exclude<Value, Uint8Array | boolean | Value[] | undefined> {
  return typeof value === 'object' && 'width' in value;
}
