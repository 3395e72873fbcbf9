export interface CommandInfo {
  about: string;
  /** What it must be given beside options and settings, in this order. */
  words?: string[];
  /** How it is used, and what it then does. */
  example?: string;
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
const AGENT = {
  'agent URL': 'another agent than that of the settings, such as http://192.168.1.2:9288',
};

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
  watches: {
    about: 'what the running agent watches, in which state it is, and why',
    options: { ...JSON_OUT, ...AGENT },
  },
  incidents: {
    about: 'what fell silent, what was done about it and what it cost, the newest last',
    options: { 'limit COUNT': 'how many; default: 20', ...JSON_OUT, ...AGENT },
  },
  hold: {
    about: 'leave a watch alone for a while: nothing is restarted',
    words: ['watch', 'duration'],
    example: `  wattdog hold studio 2h      while you rewire the panel; ends by itself
  wattdog release studio      when you are done before that`,
    options: AGENT,
  },
  release: {
    about: 'end a hold',
    words: ['watch'],
    example: '  wattdog release studio',
    options: AGENT,
  },
  restart: {
    about: 'restart what a watch stands for, unless there is evidence that it is well',
    words: ['watch'],
    example: `  wattdog restart studio
  wattdog restart studio --force      even though messages come`,
    options: { force: 'whatever the evidence says', ...AGENT },
  },
  drill: {
    about: 'a fire drill: freeze what a watch restarts, for real, and see it brought back',
    words: ['watch'],
    example: `  wattdog drill studio

It prints what happens as it happens, in seconds since the freeze, and then what was lost. Exit code 0 means
that the recovery was verified. Ctrl-C ends only the looking on: the agent brings it back all the same.`,
    options: AGENT,
  },
  check: { about: 'print the settings as they are understood, or everything that is wrong with them' },
  healthcheck: {
    about: 'exit 0 when that process of this machine is alive',
    words: ['agent|meter|broker'],
  },
  'hash-password': { about: 'read a password from standard input and print the line for broker.users' },
};
