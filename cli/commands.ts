export interface CommandInfo {
  about: string;
  /** Its own options beside the settings. `from MOMENT` takes a value, `json` does not. */
  options?: Record<string, string>;
}

const RANGE = {
  'from MOMENT': 'the first moment; default: the beginning',
  'to MOMENT': 'the moment before which it ends; default: now',
};
const JOURNAL = {
  'journal FILE': 'another journal, such as one that was set aside; default: the one in the data folder',
};
const JSON_OUT = { json: 'print JSON, one object a line, instead of a table' };

export const COMMANDS: Record<string, CommandInfo> = {
  up: { about: 'everything on one machine: broker, agent, and the meter as a child process' },
  agent: {
    about: 'the broker, the journal, the stores, and the watches that heal; meters run elsewhere',
  },
  meter: { about: 'the serial port, published over MQTT' },
  broker: { about: 'the MQTT broker alone' },
  gaps: {
    about: 'every interval without readings: why, how many are missing, what it cost',
    options: { ...RANGE, ...JSON_OUT, ...JOURNAL },
  },
  export: {
    about: 'print the readings of the journal as CSV, JSON lines or line protocol',
    options: {
      ...RANGE,
      'format FORMAT': 'csv, jsonl or line; default: csv',
      'layout LAYOUT': 'default or classic, of line protocol',
      ...JOURNAL,
    },
  },
  replay: {
    about: 'feed a new or emptied store from the journal; what it holds already stays as it is',
    options: {
      'store NAME': 'one of agent.stores; may be left out where there is one',
      ...RANGE,
      ...JOURNAL,
    },
  },
  'dead-letters': {
    about: 'readings that a store refused for good, and its words',
    options: { ...JSON_OUT, ...JOURNAL },
  },
  check: { about: 'print the settings as they are understood, or everything that is wrong with them' },
  healthcheck: {
    about: 'healthcheck agent|meter|broker: exit 0 when that process of this machine is alive',
  },
  'hash-password': { about: 'read a password from standard input and print the line for broker.users' },
};
