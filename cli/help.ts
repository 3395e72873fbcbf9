import { COMMANDS } from './commands.ts';

/** `wattdog hold <watch> <duration>` */
export function usage(command: string, words: readonly string[]): string {
  return ['wattdog', command, ...words.map((word) => `<${word}>`)].join(' ');
}

/** What to say to `--help`, of one command or of all. */
export async function help(command: string): Promise<string> {
  const { listKeys } = await import('../shared/settings/keys.ts');
  const info = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  const commands = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(14)} ${about}`);
  const options = Object.entries(info?.options ?? {}).map(([name, text]) => `  --${name.padEnd(16)} ${text}`);
  const settings = listKeys().map(
    ({ key, fallback, text }) => `  --${key}${fallback && ` (${fallback})`}\n      ${text}`,
  );
  return [
    info
      ? `${usage(command, info.words ?? [])}: ${info.about}`
      : `usage: wattdog <command> [--setting value]…\n\n${commands.join('\n')}`,
    ...(info?.example === undefined ? [] : ['', info.example]),
    ...(options.length > 0 ? ['', ...options] : []),
    ...(info?.options && 'from MOMENT' in info.options
      ? [
          '',
          'A MOMENT is 2026-11-01, 2026-11-01T14:30 (both local), 2026-11-01T13:30Z, or 7d: that long ago.',
        ]
      : []),
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
