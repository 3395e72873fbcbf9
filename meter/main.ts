import { keepHeartbeat } from '../shared/heartbeat.ts';
import type { Log } from '../shared/log.ts';
import { openFile } from '../shared/open-file.ts';
import { brokerAddress } from '../shared/settings/broker-address.ts';
import type { Settings } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import { together } from '../shared/together.ts';
import type { AccountOptions } from './account.ts';
import { createDecoder } from './decoders/create.ts';
import type { Decoder } from './decoders/decoder.ts';
import { USUAL_LINE } from './decoders/usual.ts';
import { createSerialPort, identifyDevice } from './device.ts';
import { Diary } from './diagnostics.ts';
import { installationOf } from './installation.ts';
import { createLedger } from './ledger.ts';
import { Outbox } from './outbox/outbox.ts';
import { readPort } from './port.ts';
import { profileOf } from './profile.ts';
import { createPublisher } from './publish.ts';
import { simulatedPort } from './simulate.ts';
import { createPricing, findTariff } from './tariff/pricing.ts';

/** ms of silence after which the next byte must begin a line: within one, bytes follow each other. */
const LINE_PAUSE = 100;

/** The meter: serial port → decoder → account → outbox → MQTT, until the signal aborts. */
export async function runMeter(
  settings: Settings,
  deps: { time: Time; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { meter } = settings;
  const { time, log } = deps;
  const simulated = meter.port === 'simulated';
  const format = meter.decoder ?? 'panel';
  const tariff = findTariff(meter.tariff);
  const options: AccountOptions = {
    phases: meter.phases,
    maxCurrent: meter.max_current,
    maxGap: meter.max_gap,
    pricing: createPricing(tariff),
    simulated,
  };
  const outbox = openFile(
    settings.data,
    `outbox-${meter.name}.db`,
    (path) => new Outbox(path, { size: meter.outbox_size, age: meter.outbox_age, log, now: time.now }),
  );
  const diary = new Diary(meter.port, format, time.monotonic);
  let reopenPort: (why: string) => void = () => {};
  const publisher = createPublisher(meter.name, brokerAddress(settings), {
    outbox,
    diagnostics: () => diary.snapshot(outbox.status, time.now()),
    profile: profileOf(meter, tariff, installationOf(settings.data)),
    answer: () => diary.answer(),
    reopen: () => reopenPort('asked to reopen it'),
    time,
    log,
  });

  const ledger = createLedger(options, { outbox, diary, time, log, onReading: publisher.live });

  let decoder: Decoder | undefined;
  let portTrouble = '';
  const { path, ...device } = simulated
    ? simulatedPort(meter.simulated_cadence, { time }, signal)
    : { path: meter.port, createPort: createSerialPort, identify: identifyDevice };
  const readSamples = (signal: AbortSignal) =>
    readPort(
      { path, baud: meter.baud ?? USUAL_LINE[format].baud, settle: meter.settle, silence: meter.silence },
      { ...device, time },
      signal,
      {
        opened(reopen) {
          reopenPort = reopen;
          decoder = undefined;
          portTrouble = '';
          diary.opened();
          log.info(
            { port: meter.port, decoder: format },
            simulated ? 'reading a SIMULATED panel' : 'reading the port',
          );
        },
        data(chunk, quietMs) {
          decoder ??= createDecoder(format, {
            phases: meter.phases.length,
            maxCurrent: meter.max_current,
            atLineStart: quietMs >= LINE_PAUSE,
          });
          const decoded = decoder.push(chunk);
          diary.decoded(chunk.length, decoded);
          if (decoded.rejects.length > 0) ledger.missed('rejects');
          for (const reject of decoded.rejects) log.debug({ reject }, 'a frame was rejected');
          for (const sample of decoded.samples) ledger.enter(sample);
        },
        closed(why) {
          reopenPort = () => {};
          diary.closed(why);
          ledger.missed('port');
          if (why !== portTrouble) log.warn({ port: meter.port }, `no port: ${why}; trying again`);
          portTrouble = why;
        },
      },
    );

  try {
    await together(signal, readSamples, publisher.run, (stopped) => keepHeartbeat('meter', time, stopped));
  } finally {
    outbox.close();
  }
}
