export interface CommandInfo {
  group: keyof typeof GROUPS;
  about: string;
  /** What it must be given beside options and settings, in this order; `name?` may be left out. */
  words?: string[];
  /** What else is good to know. */
  detail?: string;
  /** How it is used, and what it then does. */
  examples?: [command: string, does: string][];
  /** Its own options beside the settings. `from MOMENT` takes a value, `json` does not. */
  options?: Record<string, string>;
  /** What its exit codes 0 and 1 mean, where that is not plain. */
  exits?: [ended: string, failed: string];
}

export const GROUPS = {
  run: 'Run',
  look: 'Look at what is happening (asks the running agent)',
  act: 'Act on it (asks the running agent)',
  history: 'Look back (reads the journal, whether the agent runs or not)',
  setUp: 'Set up',
};

const RANGE = {
  'from MOMENT': 'the first moment; default: the beginning',
  'to MOMENT': 'the moment before which it ends; default: now',
};
const JOURNAL = {
  'journal FILE': 'another journal, such as one that was set aside; default: the one in the data folder',
};
const OF_METER = { 'meter NAME': 'of this meter alone; default: of all' };
const JSON_OUT = { json: 'print JSON, one object a line, instead of a table' };
const AGENT = { 'agent URL': 'another agent than that of the settings, such as http://192.168.1.2:9288' };

const RUN: Record<string, Omit<CommandInfo, 'group'>> = {
  up: {
    about: 'everything on one machine: broker, agent, page, and the meter as a child process',
    detail: 'The same as `npm start --`. Without --port it reads a simulated panel, and says so everywhere.',
    examples: [
      ['wattdog up', 'a simulated panel, to look around'],
      ['wattdog up --port /dev/serial/by-id/usb-Arduino… --decoder amps', 'a real one'],
    ],
  },
  agent: {
    about: 'the broker, the journal, the stores, and the watches that heal; meters run elsewhere',
    examples: [
      ['wattdog agent --broker.credentials credentials --broker.host 0.0.0.0', 'meters on other machines'],
    ],
  },
  meter: {
    about: 'the serial port, published over MQTT',
    examples: [
      [
        'wattdog meter --port /dev/ttyUSB0 --decoder panel --name garage --mqtt.url mqtt://192.168.1.2:1883',
        'a second meter, on another machine',
      ],
    ],
  },
  broker: {
    about: 'the MQTT broker alone',
    examples: [['wattdog broker --broker.port 1884', 'beside one that has the usual port']],
  },
};

const LOOK: Record<string, Omit<CommandInfo, 'group'>> = {
  watch: {
    about: 'follow meters, watches and incidents live',
    words: ['name?'],
    detail:
      'On a terminal it is a view that keeps itself up to date; in a pipe, a line for each change. It waits for an\nagent that restarts. Ctrl-C ends it.',
    examples: [
      ['wattdog watch', 'the whole house'],
      ['wattdog watch main', 'one meter or watch'],
      ['wattdog watch --json | jq -r "select(.event == \\"incident\\").data.watch"', 'for scripts'],
    ],
    options: { json: 'print each event as JSON, {event, data}, one a line', ...AGENT },
    exits: ['ended by Ctrl-C', 'no agent was there to begin with'],
  },
  meters: {
    about: 'each meter: power now; energy and cost of today, yesterday and this month',
    examples: [
      ['wattdog meters', ''],
      ['wattdog meters --json | jq .today.energy', 'the kWh of today'],
    ],
    options: { ...JSON_OUT, ...AGENT },
  },
  watches: {
    about: 'what is watched, in which state it is, and why',
    examples: [
      ['wattdog watches', ''],
      [
        'wattdog watches --json | jq -e "select(.verdict.state == \\"stalled\\")"',
        'succeeds if one is stalled',
      ],
    ],
    options: { ...JSON_OUT, ...AGENT },
  },
  incidents: {
    about: 'what fell silent, what was done about it and what it cost, the newest last',
    examples: [
      ['wattdog incidents', ''],
      ['wattdog incidents --limit 100', 'further back'],
    ],
    options: { 'limit COUNT': 'how many; default: 20', ...JSON_OUT, ...AGENT },
  },
};

const ACT: Record<string, Omit<CommandInfo, 'group'>> = {
  hold: {
    about: 'leave a watch alone for a while: nothing is restarted',
    words: ['watch', 'duration'],
    examples: [
      ['wattdog hold main 2h', 'while you rewire the panel; ends by itself'],
      ['wattdog release main', 'when you are done before that'],
    ],
    options: AGENT,
  },
  release: {
    about: 'end a hold',
    words: ['watch'],
    examples: [['wattdog release main', '']],
    options: AGENT,
  },
  restart: {
    about: 'restart what a watch stands for, unless there is evidence that it is well',
    words: ['watch'],
    examples: [
      ['wattdog restart main', ''],
      ['wattdog restart main --force', 'even though messages come'],
    ],
    options: { force: 'whatever the evidence says', ...AGENT },
    exits: ['it is being restarted', 'it was refused, and why'],
  },
  drill: {
    about: 'a fire drill: freeze what a watch restarts, for real, and see it brought back',
    words: ['watch'],
    detail:
      'It prints what happens as it happens, in seconds since the freeze, and then what was lost. Ctrl-C ends only\nthe looking on: the agent brings it back all the same.',
    examples: [['wattdog drill main', '']],
    options: AGENT,
    exits: ['the recovery was verified', 'it was not, or nobody looked on to the end'],
  },
  forget: {
    about: 'take a meter that is gone off the page, the broker and Home Assistant; its readings stay',
    words: ['meter'],
    detail: 'It is known again as soon as it is heard of again.',
    examples: [['wattdog forget attic', '']],
    options: AGENT,
  },
};

const HISTORY: Record<string, Omit<CommandInfo, 'group'>> = {
  gaps: {
    about: 'every interval without readings: why, how many are missing, what it cost',
    examples: [
      ['wattdog gaps --from 7d', 'of the last week'],
      ['wattdog gaps --json', 'for scripts'],
    ],
    options: { ...RANGE, ...OF_METER, ...JSON_OUT, ...JOURNAL },
  },
  export: {
    about: 'print the readings as CSV, JSON lines or line protocol',
    examples: [
      ['wattdog export --from 2026-11-01 --to 2026-12-01 > november.csv', 'for a spreadsheet'],
      ['wattdog export --from 1d --format jsonl | jq .power', 'for scripts'],
      ['wattdog export --format line --layout classic > readings.lp', 'for `influx -import` and the like'],
    ],
    options: {
      ...RANGE,
      ...OF_METER,
      'format FORMAT': 'csv, jsonl or line; default: csv',
      'layout LAYOUT': 'default or classic, of line protocol',
      ...JOURNAL,
    },
  },
  replay: {
    about: 'feed a new or emptied store from the journal; what it holds already stays as it is',
    examples: [
      ['wattdog replay', 'everything, where there is one store'],
      ['wattdog replay --store influxdb1 --from 2026-11-01', 'since then, into one of several'],
    ],
    options: {
      'store NAME': 'one of agent.stores; may be left out where there is one',
      ...RANGE,
      ...JOURNAL,
    },
  },
  'dead-letters': {
    about: 'readings that a store refused for good, and its words',
    examples: [['wattdog dead-letters', '']],
    options: { ...JSON_OUT, ...JOURNAL },
  },
};

const SET_UP: Record<string, Omit<CommandInfo, 'group'>> = {
  ports: {
    about: 'the serial devices of this machine, and who has them open; opens none',
    examples: [
      ['wattdog ports', ''],
      ['wattdog ports --json | jq -r .path', 'their stable names'],
    ],
    options: JSON_OUT,
  },
  sniff: {
    about: 'listen to a serial port: what comes, how often, and which decoder understands it',
    detail:
      'Opening a port resets most Arduinos; this is said before it is done. A port that another program has open is\nleft alone. It ends by Ctrl-C, or as told, with the command to go on with.',
    examples: [
      ['wattdog sniff --port /dev/ttyUSB0', 'at 9600 baud'],
      ['wattdog sniff --port /dev/ttyUSB0 --baud auto', 'tries the usual rates first'],
      ['wattdog sniff --port /dev/ttyUSB0 --ask pzem', 'a module that must be asked'],
      ['wattdog sniff --port /dev/ttyUSB0 --lines 5 --json', 'for scripts'],
      ['wattdog sniff --port simulated --for 10s', 'without hardware'],
    ],
    options: {
      'port PATH': 'the device; default: that of the settings. `wattdog ports` lists them',
      'baud RATE': 'bits per second, or auto to try the usual ones; default: that of the settings',
      'framing FRAMING': 'such as 7E1; default: that of the settings, or 8N1, which shows what it is',
      'ask FORMAT': 'pzem or d0: asks a meter that says nothing by itself, instead of only listening',
      'for DURATION': 'ends after this, such as 30s',
      'lines COUNT': 'ends after so many lines',
      json: 'print each event as JSON, {event, data}, one a line; the rest goes to standard error',
    },
    exits: ['a decoder understands it', 'none does, or the port cannot be had'],
  },
  decode: {
    about: 'decode a capture of a serial line: each sample as a line of JSON',
    words: ['file?'],
    detail: 'Without a file it reads standard input. What was refused is counted on standard error.',
    examples: [
      ['wattdog decode --decoder dsmr telegrams.bin', ''],
      ['cat /dev/ttyUSB0 | wattdog decode --decoder sml', 'live, on a port that somebody has set up'],
      ['wattdog decode --decoder sml --hex capture.txt', 'bytes as a forum shows them'],
    ],
    options: { hex: 'the capture is text: pairs of hexadecimal digits; comments begin with #' },
    exits: ['a frame was decoded', 'none was, or it cannot be read'],
  },
  check: {
    about: 'print the settings as they are understood, and try whether they will work here',
    detail: 'Nothing is changed, and no serial port is opened.',
    examples: [['wattdog check --offline --json', 'in a build, without a network']],
    options: {
      json: 'print one JSON object: {settings, checks}',
      offline: 'leave out what is on the network: broker, stores, a Docker engine by TCP',
    },
    exits: ['nothing stands in the way', 'something does'],
  },
  tariff: {
    about: 'draw a day’s prices, reckon what history would have cost under a tariff, import one',
    words: ['show|cost|import|list?', 'file?'],
    detail:
      'Times without an offset are local where the tariff is. --tariff takes a YAML or JSON file with a tariff, or the\nname of one that is shipped; without it, it is that of the meter. `cost` reads the journal, whether the agent\nruns or not. `import` takes a rate of OpenEI’s database (URDB, version 7), and - for standard input.',
    examples: [
      ['wattdog tariff', 'which tariffs are shipped'],
      ['wattdog tariff show', 'what a kWh costs today, by the hour'],
      ['wattdog tariff show --day 2026-11-01 --tariff sce-tou-d-a', 'on a day of 25 hours'],
      ['wattdog tariff cost --from 2026-01-01 --to 2027-01-01 --tariff new.yaml', 'what would I have paid?'],
      ['wattdog tariff import rate.json --zone America/Los_Angeles > new.yaml', ''],
    ],
    options: {
      'day DAY': 'of `show`: 2026-11-01, today, tomorrow; default: today',
      ...RANGE,
      'tariff FILE|NAME': 'another tariff than the meter’s',
      'meter NAME': 'whose tariff and readings; may be left out where there is one',
      'zone ZONE': 'of `import`: the IANA time zone, which a rate does not say; default: this machine’s',
      'name NAME': 'of `import`: what the tariff is to be called',
      'rate LABEL': 'of `import`: which of several rates, by its label or name',
      'currency CODE': 'of `import`: such as USD; default: the country’s',
      json: 'print JSON, one object a line, instead of a chart or tables',
      ...JOURNAL,
    },
  },
  'hash-password': {
    about: 'read a password from standard input and print the line for broker.users',
    examples: [['wattdog hash-password < password', '']],
  },
  healthcheck: {
    about: 'whether that process of this machine is alive; for containers',
    words: ['agent|meter|broker'],
    examples: [['wattdog healthcheck meter', '']],
    exits: ['it is alive', 'it is not'],
  },
  help: {
    about: 'explain a command, or `settings`: every setting there is',
    words: ['command?'],
    examples: [
      ['wattdog help sniff', ''],
      ['wattdog help settings', ''],
    ],
  },
};

const BY_GROUP = { run: RUN, look: LOOK, act: ACT, history: HISTORY, setUp: SET_UP };

/** Every command, by its name. */
export const COMMANDS: Record<string, CommandInfo> = Object.fromEntries(
  Object.entries(BY_GROUP).flatMap(([group, commands]) =>
    Object.entries(commands).map(([name, info]) => [name, { group: group as keyof typeof GROUPS, ...info }]),
  ),
);
