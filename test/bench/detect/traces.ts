/** Synthetic feeds, each drawn at random from a class of them; and one that repeats what was recorded. */

import type { Random } from './random.ts';
import recorded from './recorded.json' with { type: 'json' };

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** From one message that is heard to the next; ms. */
export interface Step {
  gap: number;
  /** For so long of it the observer itself stood still, until so long after its beginning. */
  stood: number;
  stoodUntil: number;
  /** The publisher was really dead: silence that convicts is right. */
  outage: 'none' | 'cured by a restart' | 'ends by itself';
}

/** Fills in the step that begins at `at`; `stood` and `outage` are reset before. */
export type Feed = (step: Step, at: number) => void;

export interface TraceClass {
  name: string;
  make: (random: Random) => Feed;
}

/** A period of 15 to 60 s. */
const period = (random: Random) => random.scale(15 * SECOND, MINUTE);

/** Sent by a clock, with a jitter that does not add up, and now and then late by `lateness`. */
function regular(random: Random, every: number, lateness: () => number): Feed {
  const jitter = random.scale(0.01, 0.1) * every;
  let before = 0;
  return (step) => {
    const late = random.chance(1e-4) ? lateness() : 0;
    const offset = jitter * (random.next() + random.next() - 1) + late;
    step.gap = Math.max(1, every + offset - before);
    before = Math.min(offset, every);
  };
}

/** Late by half a second on average, once in ten thousand messages, as on a busy machine. */
const steady = (random: Random, every = period(random)): Feed =>
  regular(random, every, () => random.exponential(500));

/** Whole periods; a lost message doubles the gap. */
function lossy(every: number, isLost: () => boolean): Feed {
  return (step) => {
    step.gap = every;
    while (isLost()) step.gap += every;
  };
}

function burstLosses(random: Random): () => boolean {
  const begins = random.scale(0.002, 0.01);
  const ends = random.between(0.4, 0.7);
  let isBad = false;
  return () => {
    isBad = isBad ? !random.chance(ends) : random.chance(begins);
    return isBad;
  };
}

const gaps =
  (draw: () => number): Feed =>
  (step) => {
    step.gap = draw();
  };

function bursts(random: Random): Feed {
  const size = random.between(3, 12);
  const pause = random.scale(30 * SECOND, 3 * MINUTE);
  const jitter = random.between(0.02, 0.2);
  let left = 0;
  return (step) => {
    left -= 1;
    step.gap = left > 0 ? random.between(40, 60) : pause * (1 + jitter * (2 * random.next() - 1));
    if (left <= 0) left = Math.round(size * random.between(0.7, 1.3));
  };
}

/** A sensor that sends when its value changes, by day twenty times as often as by night, and once an hour anyhow. */
function onChange(random: Random): Feed {
  const byDay = random.between(20 * SECOND, MINUTE);
  return (step, at) => {
    const activity = 0.05 + 0.95 * Math.max(0, Math.sin((2 * Math.PI * at) / DAY));
    step.gap = Math.min(HOUR, random.exponential(byDay / activity));
  };
}

/** Many devices behind one bridge, each with its own period, sending a few messages each time. */
function manyDevices(random: Random): Feed {
  const devices = Array.from({ length: Math.round(random.between(3, 10)) }, () => {
    const every = random.scale(MINUTE, 15 * MINUTE);
    return { every, next: every * random.next() };
  });
  let more = 0;
  return (step, at) => {
    more = more > 0 ? more - 1 : Math.floor(3 * random.next());
    let first = devices[0] ?? { every: HOUR, next: at };
    for (const device of devices) if (device.next < first.next) first = device;
    step.gap = more > 0 ? random.between(20, 60) : Math.max(1, first.next - at);
    if (more === 0) first.next += first.every * random.between(0.95, 1.05);
  };
}

/** On for a while and off for a while, as `lasts` says for the time at which it begins. */
function dutyCycled(random: Random, every: number, lasts: (isOn: boolean, at: number) => number): Feed {
  let until = 0;
  const send = steady(random, every);
  return (step, at) => {
    send(step, at);
    if (until === 0) until = at + lasts(true, at) * random.next();
    if (at < until) return;
    step.gap += lasts(false, at);
    until = at + step.gap + lasts(true, at);
  };
}

function tenMinutesInTheHour(random: Random): Feed {
  const on = random.between(5 * MINUTE, 20 * MINUTE);
  const off = random.between(20 * MINUTE, HOUR);
  return dutyCycled(random, random.scale(3 * SECOND, 15 * SECOND), (isOn) =>
    isOn ? on * random.between(0.9, 1.1) : off * random.between(0.9, 1.1),
  );
}

/** An inverter that sleeps at night: 8 hours of light in winter, 16 in summer. */
function dayAndNight(random: Random): Feed {
  return dutyCycled(random, random.scale(20 * SECOND, MINUTE), (isOn, at) => {
    const light = 12 * HOUR + 4 * HOUR * Math.sin((2 * Math.PI * at) / (365 * DAY));
    return (isOn ? light : DAY - light) + random.between(-0.5, 0.5) * HOUR;
  });
}

/** The observer stands still three times a day, between 3 s (a busy machine) and 8 h (suspended); what comes then is lost. */
function observerPauses(random: Random): Feed {
  const send = steady(random);
  let next = random.exponential(8 * HOUR);
  return (step, at) => {
    send(step, at);
    if (at + step.gap < next) return;
    const began = random.between(0, step.gap);
    step.stood = random.scale(3 * SECOND, 8 * HOUR);
    step.stoodUntil = began + step.stood;
    const beat = { ...step };
    while (step.gap < step.stoodUntil) {
      send(beat, at);
      step.gap += beat.gap;
    }
    next = at + step.gap + random.exponential(8 * HOUR);
  };
}

/** Three times slower for some hours, every ten days, all at once; one message in a hundred is lost. */
function slowDowns(random: Random): Feed {
  const every = period(random);
  const send = lossy(every, () => random.chance(0.01));
  let changes = random.exponential(10 * DAY);
  let isSlow = false;
  return (step, at) => {
    send(step, at);
    if (isSlow) step.gap *= 3;
    if (at < changes) return;
    isSlow = !isSlow;
    changes = at + (isSlow ? random.scale(HOUR, DAY) : random.exponential(10 * DAY));
  };
}

/** Really dead every twenty days, for 1 min to 5 h; a restart ends it, or somebody puts the plug back in. */
function outages(random: Random): Feed {
  const send = steady(random);
  let next = random.exponential(20 * DAY);
  return (step, at) => {
    send(step, at);
    if (at < next) return;
    step.gap += random.scale(MINUTE, 5 * HOUR);
    step.outage = random.chance(0.5) ? 'cured by a restart' : 'ends by itself';
    next = at + step.gap + random.exponential(20 * DAY);
  };
}

/** Pieces of a hundred gaps of the recording, in a random order. */
function replayed(random: Random): Feed {
  let place = 0;
  let left = 0;
  return (step) => {
    if (left === 0) {
      left = 100;
      place = Math.floor(random.next() * recorded.gaps.length);
    }
    step.gap = recorded.gaps[place] ?? recorded.cadence;
    place = (place + 1) % recorded.gaps.length;
    left -= 1;
  };
}

export const CLASSES: TraceClass[] = [
  { name: 'regular', make: (random) => steady(random) },
  {
    name: 'rarely very late',
    make: (random) => {
      const every = period(random);
      return regular(random, every, () => (every / 2) * random.pareto(2.5));
    },
  },
  {
    name: 'quantised, lossy',
    make: (random) => {
      const loss = random.scale(0.005, 0.05);
      return lossy(period(random), () => random.chance(loss));
    },
  },
  { name: 'lossy in runs', make: (random) => lossy(period(random), burstLosses(random)) },
  {
    name: 'bimodal',
    make: (random) => {
      const [fast, times, slow] = [period(random), random.between(3, 10), random.between(0.1, 0.9)];
      return gaps(() => fast * (random.chance(slow) ? times : 1) * random.between(0.97, 1.03));
    },
  },
  { name: 'bursts', make: bursts },
  { name: 'many devices', make: manyDevices },
  {
    name: 'lognormal',
    make: (random) => {
      const [every, sigma] = [period(random), random.between(0.8, 1.5)];
      return gaps(() => every * Math.exp(sigma * random.normal()));
    },
  },
  {
    name: 'Pareto',
    make: (random) => {
      const [every, alpha] = [period(random), random.between(2, 4)];
      return gaps(() => every * random.pareto(alpha));
    },
  },
  { name: 'sent on change', make: onChange },
  { name: 'on 5–20 min, off 20–60', make: tenMinutesInTheHour },
  { name: 'day and night', make: dayAndNight },
  { name: 'observer pauses', make: observerPauses },
  { name: '3 × slower at times', make: slowDowns },
  { name: 'real outages', make: outages },
];

/** As often as our own meter sends: thirty times the messages of the others. */
export const OUR_CADENCE: TraceClass[] = [
  { name: 'regular, 1.2 s', make: (random) => steady(random, 1200) },
  { name: 'recorded, 1.2 s', make: replayed },
];

/** A history of up to 2 h, and then three times slower, all at once. */
const slowing = (make: (random: Random) => Feed) => (random: Random) => {
  const send = make(random);
  const from = random.between(10 * MINUTE, 2 * HOUR);
  return (step: Step, at: number) => {
    send(step, at);
    if (at >= from) step.gap *= 3;
  };
};

export const SLOW_DOWNS: TraceClass[] = [
  { name: 'regular', make: slowing((random) => steady(random, random.scale(SECOND, 15 * SECOND))) },
  {
    name: '1 % lost',
    make: slowing((random) => lossy(random.scale(SECOND, 15 * SECOND), () => random.chance(0.01))),
  },
  { name: 'bursts', make: slowing(bursts) },
];
