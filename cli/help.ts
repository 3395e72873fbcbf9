const COMMANDS = {
  up: 'everything on one machine: broker, agent, and the meter as a child process',
  agent: 'the broker, the journal, the stores, and the watches that heal; meters run elsewhere',
  meter: 'the serial port, published over MQTT',
  broker: 'the MQTT broker alone',
  check: 'print the settings as they are understood, or everything that is wrong with them',
  healthcheck: 'healthcheck agent|meter|broker: exit 0 when that process of this machine is alive',
  'hash-password': 'read a password from standard input and print the line for broker.users',
};

/** What to say to `--help`, of one command or of all. */
export async function help(command: string): Promise<string> {
  const { listKeys } = await import('../shared/settings/keys.ts');
  const about = Object.entries(COMMANDS).find(([name]) => name === command);
  const commands = Object.entries(COMMANDS).map(([name, text]) => `  ${name.padEnd(14)} ${text}`);
  const settings = listKeys().map(
    ({ key, fallback, text }) => `  --${key}${fallback && ` (${fallback})`}\n      ${text}`,
  );
  return [
    about
      ? `wattdog ${about[0]}: ${about[1]}`
      : `usage: wattdog <command> [--setting value]…\n\n${commands.join('\n')}`,
    '',
    'Every setting is a flag, a variable, and a key of wattdog.yaml; the flag wins, then the variable:',
    '  --meter.port /dev/ttyACM0   WATTDOG_METER_PORT=/dev/ttyACM0   meter: { port: /dev/ttyACM0 }',
    'Short: --port --decoder --baud --name (of the meter). --config FILE names another wattdog.yaml.',
    'A secret can be read from a file: WATTDOG_MQTT_PASSWORD_FILE=/run/secrets/mqtt.',
    '',
    ...settings,
    '',
    'Exit codes: 0 ended as asked, 1 could not run, 2 wrong command line, 78 wrong settings.',
    '',
  ].join('\n');
}
