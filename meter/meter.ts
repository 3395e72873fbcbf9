import type { Log } from '../shared/log.ts';
import type { BrokerAddress } from '../shared/mqtt.ts';
import { openFile } from '../shared/open-file.ts';
import type { Meter } from '../shared/settings/meter.ts';
import { isSimulated, maxGapOf } from '../shared/settings/meters.ts';
import type { Time } from '../shared/time.ts';
import type { Reading } from '../shared/wire.ts';
import type { AccountOptions, AccountState } from './account.ts';
import { Computed, type ComputedState } from './computed.ts';
import { Diary } from './diagnostics.ts';
import { createLedger } from './ledger.ts';
import type { LineMeter } from './line.ts';
import { Outbox } from './outbox/outbox.ts';
import { openMeterPrices, type SharedPrices } from './prices.ts';
import { growingProfile, profileOf } from './profile.ts';
import { createPublisher } from './publish.ts';
import { findTariff } from './tariff/pricing.ts';

/** All meters of this process, and what they have in common. */
interface Household {
  meters: readonly Meter[];
  /** Of outboxes, and of what is remembered of prices. */
  data: string;
  /** Names the data folder. */
  installation: string;
  broker: BrokerAddress;
  /** Filled as meters are opened; whoever opens them runs it. */
  prices: SharedPrices;
}

/** One meter from its samples on: account, outbox, MQTT. */
export interface OpenMeter extends LineMeter {
  /** Is told the newest reading of every other; a computed one is made of them. */
  hears(member: string, reading: Reading): void;
  /** Publishes until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** @throws GiveUpError where its outbox cannot be opened, or there is no such tariff. */
export async function openMeter(
  settings: Meter,
  { meters, data, installation, broker, prices: shared }: Household,
  deps: {
    time: Time;
    log: Log;
    /** Is told of each reading, once it is kept. */
    onReading: (reading: Reading) => void;
  },
): Promise<OpenMeter> {
  const { name, computed: made } = settings;
  const { time } = deps;
  const log = meters.length > 1 ? deps.log.child({ meter: name }) : deps.log;
  const tariff = findTariff(settings.tariff, `tariff of ${name}`);
  const prices = await openMeterPrices(tariff, { folder: data, meter: name }, { time, log, shared });
  const simulated = isSimulated(settings, meters);
  let computed: Computed | undefined;
  const outbox = openFile(
    data,
    `outbox-${name}.db`,
    (path) =>
      new Outbox(path, {
        size: settings.outbox_size,
        age: settings.outbox_age,
        log,
        now: time.now,
        beside: () => (computed ? { computed: computed.state } : {}),
      }),
  );
  computed = made && new Computed(made, patienceOf(meters), computedStateOf(outbox.account));
  const profile = profileOf(settings, tariff, installation, meters);
  const options: AccountOptions = {
    phases: settings.phases,
    // Registers of our own need no doubt: a lump of a member's is no fault.
    maxCurrent: made ? Number.POSITIVE_INFINITY : settings.max_current,
    // A member that is away makes a computed meter wait after half of it; the other half is its own silence.
    maxGap: maxGapOf(settings, meters) / (made ? 2 : 1),
    pricing: prices.pricing,
    simulated,
    promised: profile.fields,
  };
  const diary = new Diary(profile.port, profile.decoder, time.monotonic);
  let reopenPort: (why: string) => void = () => {};
  let awaited: string | undefined;
  /** Its members are what a computed meter has in place of a port. */
  const lookForMembers = () => {
    const away = computed?.away(time.monotonic()).join(', ');
    if (away === awaited) return;
    awaited = away;
    if (away) diary.closed(`waiting for ${away}`);
    else diary.opened();
  };
  const publisher = createPublisher(name, broker, {
    outbox,
    diagnostics() {
      lookForMembers();
      return diary.snapshot(outbox.status, time.now(), prices.status?.());
    },
    profile: growingProfile(profile, () => ledger.fields),
    answer() {
      lookForMembers();
      return diary.answer();
    },
    reopen: () => reopenPort('asked to reopen it'),
    ...{ time, log },
  });
  const ledger = createLedger(options, {
    ...{ outbox, diary, time, log },
    onReading(reading) {
      publisher.live(reading);
      deps.onReading(reading);
    },
    ...(prices.corrections ? { corrections: prices.corrections } : {}),
    ...(prices.onPrice ? { onPrice: prices.onPrice } : {}),
  });

  return {
    settings,
    opened(reopen) {
      reopenPort = reopen;
      diary.opened();
    },
    heard(bytes, decoded) {
      diary.decoded(bytes, decoded);
      if (decoded.rejects.length > 0) ledger.missed('rejects');
      for (const sample of decoded.samples) ledger.enter(sample);
    },
    closed(why) {
      reopenPort = () => {};
      diary.closed(why);
      ledger.missed('port');
    },
    hears(member, reading) {
      const { gap_cause } = reading;
      if (computed?.isOf(member) && (gap_cause === 'port' || gap_cause === 'rejects'))
        ledger.missed(gap_cause);
      const sample = computed?.hears(member, reading, time.monotonic());
      if (sample === undefined) return;
      diary.decoded(0, { samples: [sample], rejects: [] });
      ledger.enter(sample);
    },
    run: publisher.run,
    close() {
      prices.close();
      outbox.close();
    },
  };
}

/** How long a member's last reading speaks for the present. */
function patienceOf(meters: readonly Meter[]): (member: string) => number {
  const patience = new Map(meters.map((meter) => [meter.name, maxGapOf(meter, meters) / 2]));
  return (member) => patience.get(member) ?? 0;
}

/** Kept beside the account, in the same row. */
function computedStateOf(
  account: (AccountState & { computed?: ComputedState }) | undefined,
): ComputedState | undefined {
  return account?.computed;
}
