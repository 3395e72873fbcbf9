import test from 'ava';
import type { Incident, Try } from '../../../agent/guard/incident.ts';
import { describeIncident, isNoNews } from '../../../agent/notify/message.ts';
import { calendar } from '../../../agent/notify/words.ts';
import type { Cause } from '../../../agent/watch/verdict.ts';
import { BEGAN, healed, testIncident, testTry } from './support.ts';

const utc = calendar('UTC');

/** The title, and below it the lines. */
function told(incident: Incident): string[] {
  const { title, lines } = describeIncident(incident, utc);
  return [title, ...lines];
}

const failed = (detail: string): Try => testTry({ result: 'failed', detail, steps: [] });

const golden: [what: string, incident: Partial<Incident>, told: string[]][] = [
  [
    'it has just been noticed',
    {},
    ['main froze', 'Last sign of life at 14:03:02 on 15 January.', 'Its process did not answer for 2.1 s.'],
  ],
  [
    'it is being restarted',
    { tries: [testTry({ result: 'begun', steps: [] })] },
    [
      'main froze',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 is being restarted.',
    ],
  ],
  [
    'it runs again and is not yet proved',
    { tries: [testTry()] },
    [
      'main froze',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 was killed and started again (0.4 s).',
      'Waiting for fresh messages.',
    ],
  ],
  [
    'it is over, and the meter went on counting',
    healed,
    [
      'main is back after 9.8 s',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 was killed and started again (0.4 s).',
      'Back at 14:03:11, 7.4 s after it was noticed.',
      '3 readings missed, no energy lost.',
    ],
  ],
  [
    'it is over, and energy is missing',
    { ...healed, loss: { readings: 1, seconds: 95.3, energy: 0.0123 } },
    [
      'main is back after 1 min 35 s',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 was killed and started again (0.4 s).',
      'Back at 14:03:11, 7.4 s after it was noticed.',
      '1 reading missed, about 12 Wh not counted.',
    ],
  ],
  [
    'it was brought back with another meter of its process',
    {
      watch: 'garage',
      partOf: { id: 6, watch: 'main' },
      recovered: BEGAN + 9000,
      firstMessage: BEGAN + 9000,
      loss: { readings: 1, seconds: 9.2, energy: 0 },
    },
    [
      'garage is back after 9.2 s',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'It stalled together with main.',
      'Back at 14:03:11, 6.6 s after it was noticed.',
      '1 reading missed, no energy lost.',
    ],
  ],
  [
    'it came back by itself the next day, and nothing is known of readings',
    {
      cause: 'silence',
      verdict: 'silent for 10 s, usually 1.2 s, never over 9.6 s',
      watch: 'zigbee2mqtt',
      recovered: BEGAN + 86_400_000 + 7_200_000,
    },
    [
      'zigbee2mqtt is back after 26 h',
      'Last sign of life at 14:03:02 on 15 January.',
      'Silent for 10 s, usually 1.2 s, never over 9.6 s.',
      'Back by itself at 16:03:02 on 16 January, 25 h 59 min after it was noticed.',
    ],
  ],
  [
    'a person is needed after tries that failed',
    {
      tries: [failed('connecting to the engine: refused'), failed('no such container'), failed('gone')],
      help: { at: BEGAN + 60_000, why: 'there is no container wattdog-meter-1' },
    },
    [
      'main needs you',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Restarting container wattdog-meter-1 failed 3 times: gone.',
      'A person is needed: there is no container wattdog-meter-1.',
    ],
  ],
  [
    'the whole ladder',
    {
      cause: 'line',
      verdict: 'its port is open, and nothing came for 20 s',
      tries: [
        testTry({ rung: 'reopen', target: 'meter main', steps: [{ action: 'reopen', tookMs: 1200 }] }),
        testTry({ steps: [{ action: 'restart', tookMs: 310 }] }),
        testTry({ steps: [{ action: 'restart', tookMs: 290 }] }),
        testTry({
          rung: 'reset-usb',
          result: 'failed',
          detail: 'EACCES',
          steps: [],
        }),
      ],
    },
    [
      'main hears nothing on its line',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its port is open, and nothing came for 20 s.',
      'Meter main was asked to open its port anew (1.2 s).',
      'Container wattdog-meter-1 was restarted twice (0.3 s).',
      'Resetting the USB device of container wattdog-meter-1 failed: EACCES.',
    ],
  ],
  [
    'an operator stopped it',
    {
      cause: 'ended',
      verdict: 'its container exited with code 0',
      tries: [
        testTry({
          result: 'respected',
          detail: 'it exited with code 0, stopped through the engine',
          steps: [],
        }),
      ],
    },
    [
      'main was stopped on purpose',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its container exited with code 0.',
      'Container wattdog-meter-1 was left alone: it exited with code 0, stopped through the engine.',
    ],
  ],
  [
    'the agent itself ended in the middle',
    { tries: [testTry({ result: 'begun', steps: [] })], recovered: BEGAN + 30_000 },
    [
      'main is back after 30 s',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 was being restarted when wattdog itself was interrupted.',
      'Back at 14:03:32, 28 s after it was noticed.',
    ],
  ],
  [
    'a drill that lost nothing',
    { ...healed, drill: true, loss: { readings: 0, seconds: 1.2, energy: 0 } },
    [
      'Drill: main is back after 1.2 s',
      'This is a drill: it was frozen on purpose.',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 was killed and started again (0.4 s).',
      'Back at 14:03:11, 7.4 s after it was noticed.',
      'Nothing was lost.',
    ],
  ],
  [
    'the clock was set back meanwhile',
    { tries: [testTry()], firstMessage: BEGAN - 3_600_000, recovered: BEGAN - 3_590_000 },
    [
      'main is back',
      'Last sign of life at 14:03:02 on 15 January.',
      'Its process did not answer for 2.1 s.',
      'Container wattdog-meter-1 was killed and started again (0.4 s).',
      'Back at 13:03:02.',
    ],
  ],
];

for (const [what, incident, expected] of golden)
  test(`in words: ${what}`, (t) => t.deepEqual(told(testIncident(incident)), expected));

test('every cause has its headline', (t) => {
  const causes: Record<Cause, string> = {
    frozen: 'main froze',
    ended: 'main stopped running',
    paused: 'main is paused',
    unhealthy: 'main is unhealthy',
    departed: 'main is gone',
    port: 'main cannot open its port',
    line: 'main hears nothing on its line',
    rejects: 'main understands nothing it hears',
    stuck: 'main keeps saying the same',
    silence: 'main fell silent',
  };
  for (const [cause, title] of Object.entries(causes))
    t.is(describeIncident(testIncident({ cause: cause as Cause }), utc).title, title);
});

test('the stage follows the incident', (t) => {
  const help = { at: BEGAN, why: 'gone' };
  t.is(describeIncident(testIncident(), utc).stage, 'trouble');
  t.is(describeIncident(testIncident({ help }), utc).stage, 'help');
  t.is(describeIncident(testIncident({ help, recovered: BEGAN + 1 }), utc).stage, 'over');
});

test('a restart that took next to no time tells none', (t) => {
  const lines = (tookMs: number) =>
    told(testIncident({ tries: [testTry({ steps: [{ action: 'kill', tookMs }] })] }));
  t.true(lines(20).includes('Container wattdog-meter-1 was killed.'));
  t.true(lines(60).includes('Container wattdog-meter-1 was killed (0.1 s).'));
});

test('an operator’s stop is one as long as nothing else happened', (t) => {
  const respected = testTry({ result: 'respected' });
  t.true(isNoNews(testIncident({ tries: [respected, respected] })));
  t.false(isNoNews(testIncident()));
  t.false(isNoNews(testIncident({ tries: [respected, testTry()] })));
  t.false(isNoNews(testIncident({ tries: [respected], help: { at: BEGAN, why: 'gone' } })));
});

test('of whoever is watched no longer nobody says that he is back', (t) => {
  const withdrawn = { at: BEGAN + 5000, why: 'its container was removed' };
  const { stage, title, lines } = describeIncident(testIncident({ withdrawn }), utc);
  t.is(stage, 'over');
  t.is(title, 'main is watched no longer');
  t.is(lines.at(-1), 'Its container was removed.');
  t.true(isNoNews(testIncident({ withdrawn })), 'unless he was told of before');
});

test('a hundred different tries, and words without end, stay short', (t) => {
  const tries = Array.from({ length: 100 }, (_, index) => testTry({ target: `container c${index}` }));
  const { lines } = describeIncident(testIncident({ tries, verdict: 'lo\nng\u0007 '.repeat(1000) }), utc);
  t.deepEqual(
    lines.filter((line) => /c\d|more/.test(line)).map((line) => line.split(' (')[0]),
    [
      'Container c0 was killed and started again',
      'Then 96 more attempts.',
      'Container c97 was killed and started again',
      'Container c98 was killed and started again',
      'Container c99 was killed and started again',
    ],
  );
  t.true(lines.every((line) => line.length <= 400 && !/\p{Cc}/u.test(line)));
});

test('moments are those of the given zone', (t) => {
  const { lines } = describeIncident(testIncident(), calendar('Asia/Tokyo'));
  t.is(lines[0], 'Last sign of life at 23:03:02 on 15 January.');
});
