import test from 'ava';
import fc from 'fast-check';
import { lineProtocol } from '../../../agent/stores/line-protocol.ts';
import { QUALITIES, type Reading } from '../../../shared/wire.ts';

const reading: Reading = {
  time: '2026-07-01T12:00:01.234Z',
  epoch: 'e1',
  seq: 7,
  interval: 1.2,
  current_1: 1,
  current_2: 2,
  voltage_1: 120,
  voltage_2: 121,
  power: 362,
  apparent_power: 362,
  power_basis: 'apparent',
  energy: 1234.5,
  interval_energy: 0.0001,
  price: 0.28,
  cost: 345.6,
  interval_cost: 1e-7,
  tariff: 'off peak',
  quality: 'measured',
};

test('what is continuous is tagged with the meter alone, what belongs to the interval with tariff and quality', (t) => {
  t.deepEqual(lineProtocol({ meter: 'main', reading }, 'default'), [
    'electricity,meter=main power_watts=362,apparent_power_voltamperes=362,current_1_amperes=1,current_2_amperes=2,voltage_1_volts=120,voltage_2_volts=121,energy_kilowatthours=1234.5,price_per_kilowatthour=0.28,cost=345.6 1782907201234',
    'electricity,meter=main,quality=measured,tariff=off\\ peak interval_seconds=1.2,interval_energy_kilowatthours=0.0001,interval_cost=1e-7 1782907201234',
  ]);
});

test('a simulated reading says so on every line', (t) => {
  const lines = lineProtocol({ meter: 'main', reading: { ...reading, quality: 'simulated' } }, 'default');
  for (const line of lines) t.regex(line, /^electricity,meter=main,quality=simulated[ ,]/);
});

test('a simulated reading never enters the classic layout, where nothing could tell it from a real one', (t) => {
  t.deepEqual(lineProtocol({ meter: 'main', reading: { ...reading, quality: 'simulated' } }, 'classic'), []);
});

test('the classic layout has the seven fields of the original chain and no tags', (t) => {
  t.deepEqual(lineProtocol({ meter: 'main', reading }, 'classic'), [
    'elecmeter duration_milliseconds=1200,rate=0.28,phase_1_current=1,phase_2_current=2,total_consumption_kilowatts=0.362,total_consumption_accrual_kilowatthours=0.0001,total_cost_accrual_dollars=1e-7 1782907201234',
  ]);
});

test('a panel of one phase has one phase in either layout', (t) => {
  const { current_2: _current, voltage_2: _voltage, ...single } = reading;
  for (const layout of ['default', 'classic'] as const)
    t.notRegex(lineProtocol({ meter: 'main', reading: single }, layout).join(), /current_2|voltage_2/);
});

test('an empty tariff leaves its tag out, for an empty tag value breaks the line', (t) => {
  const [, interval] = lineProtocol({ meter: 'main', reading: { ...reading, tariff: '' } }, 'default');
  t.regex(interval ?? '', /^electricity,meter=main,quality=measured interval_seconds=/);
});

const gap = {
  interval: 0,
  interval_energy: 0,
  interval_cost: 0,
  gap_seconds: 90.5,
  gap_cause: 'reader',
  gap_readings: 75,
} as const;

test('a gap is a line of its own, at the time it ended, with what was counted or estimated', (t) => {
  const linesOf = (changes: Partial<Reading>) =>
    lineProtocol({ meter: 'main', reading: { ...reading, ...gap, ...changes } }, 'default');
  t.is(
    linesOf({ gap_energy: 0.25, gap_cost: 0.0625 })[2],
    'electricity_gap,meter=main,cause=reader seconds=90.5,readings=75,energy_kilowatthours=0.25,cost=0.0625 1782907201234',
  );
  t.is(
    linesOf({ gap_estimated_energy: 0.2, gap_estimated_cost: 0.05, quality: 'simulated', interval: 1.2 })[2],
    'electricity_gap,meter=main,cause=reader,quality=simulated seconds=90.5,readings=75,estimated_energy_kilowatthours=0.2,estimated_cost=0.05 1782907200034',
  );
  t.is(linesOf({}).length, 3);
});

test('estimated totals are fields of their own, beside the counted ones', (t) => {
  const estimated = { ...reading, estimated_energy: 1.5, estimated_cost: 0.4 };
  const [continuous] = lineProtocol({ meter: 'main', reading: estimated }, 'default');
  t.regex(
    continuous ?? '',
    /energy_kilowatthours=1234.5,.*,cost=345.6,estimated_energy_kilowatthours=1.5,estimated_cost=0.4 1782907201234$/,
  );
});

test('what only some meters tell has a field with its unit, each in its place', (t) => {
  const { apparent_power: _unknown, ...told } = reading;
  const exporting: Reading = {
    ...{ ...told, power: -1500.5, power_1: -2000, power_2: 499.5, power_factor: -0.98, reactive_power: -12 },
    ...{ frequency: 49.98, gas: 1234.567, water: 88.1 },
    ...{ register_import: 5000.5, register_import_1: 3000, register_import_2: 2000.5 },
    ...{ register_export: 70, register_export_1: 70 },
    ...{ export_energy: 7.5, interval_export_energy: 0.0005, export_price: -0.01 },
    ...{
      credit: 0.6,
      interval_credit: -5e-6,
      fixed_cost: 3.25,
      cost_correction: -0.4,
      credit_correction: 0.1,
    },
    ...{ gap_seconds: 60, gap_cause: 'port', gap_energy: 0.1, gap_cost: 0.02 },
    ...{ gap_export_energy: 0.2, gap_credit: 0.01 },
  };
  t.deepEqual(lineProtocol({ meter: 'main', reading: exporting }, 'default'), [
    'electricity,meter=main power_watts=-1500.5,current_1_amperes=1,current_2_amperes=2,voltage_1_volts=120,voltage_2_volts=121,power_1_watts=-2000,power_2_watts=499.5,power_factor=-0.98,reactive_power_vars=-12,frequency_hertz=49.98,gas_cubicmetres=1234.567,water_cubicmetres=88.1,register_import_kilowatthours=5000.5,register_import_1_kilowatthours=3000,register_import_2_kilowatthours=2000.5,register_export_kilowatthours=70,register_export_1_kilowatthours=70,energy_kilowatthours=1234.5,price_per_kilowatthour=0.28,cost=345.6,export_energy_kilowatthours=7.5,export_price_per_kilowatthour=-0.01,credit=0.6,fixed_cost=3.25 1782907201234',
    'electricity,meter=main,quality=measured,tariff=off\\ peak interval_seconds=1.2,interval_energy_kilowatthours=0.0001,interval_cost=1e-7,interval_export_energy_kilowatthours=0.0005,interval_credit=-0.000005,cost_correction=-0.4,credit_correction=0.1 1782907201234',
    'electricity_gap,meter=main,cause=port seconds=60,energy_kilowatthours=0.1,cost=0.02,export_energy_kilowatthours=0.2,credit=0.01 1782907200034',
  ]);
  const [classic] = lineProtocol({ meter: 'main', reading: exporting }, 'classic');
  t.deepEqual(Object.keys(parse(classic ?? '').fields), [
    ...['duration_milliseconds', 'rate', 'phase_1_current', 'phase_2_current', 'total_consumption_kilowatts'],
    ...['total_consumption_accrual_kilowatthours', 'total_cost_accrual_dollars'],
  ]);
});

test('the classic layout accrues what the meter counted in a gap, over its time, and no estimate', (t) => {
  const classic = (changes: Partial<Reading>) =>
    lineProtocol({ meter: 'main', reading: { ...reading, ...gap, ...changes } }, 'classic');
  t.deepEqual(classic({ gap_energy: 0.25, gap_cost: 0.0625 }), [
    'elecmeter duration_milliseconds=90500,rate=0.28,phase_1_current=1,phase_2_current=2,total_consumption_kilowatts=0.362,total_consumption_accrual_kilowatthours=0.25,total_cost_accrual_dollars=0.0625 1782907201234',
  ]);
  t.deepEqual(classic({ gap_estimated_energy: 0.25, gap_estimated_cost: 0.0625, estimated_energy: 3 }), [
    'elecmeter duration_milliseconds=0,rate=0.28,phase_1_current=1,phase_2_current=2,total_consumption_kilowatts=0.362,total_consumption_accrual_kilowatthours=0,total_cost_accrual_dollars=0 1782907201234',
  ]);
});

/** A reader of line protocol as its specification describes it, written apart from the writer. */
function parse(line: string) {
  const split = (text: string, by: string) => {
    const parts: string[] = [];
    let part = '';
    for (const [unit] of text.matchAll(/\\[,= ]|./gsu)) {
      if (unit === by) {
        parts.push(part);
        part = '';
      } else part += unit;
    }
    return [...parts, part];
  };
  const plain = (text: string) => text.replace(/\\([,= ])/g, '$1');
  const [series = '', fields = '', time = '', ...rest] = split(line, ' ');
  const [measurement, ...tags] = split(series, ',');
  const pairs = (list: string[]) =>
    Object.fromEntries(list.map((pair) => split(pair, '=').map(plain) as [string, string]));
  return { measurement, tags: pairs(tags), fields: pairs(split(fields, ',')), time: Number(time), rest };
}

test('any reading survives: numbers to the last bit, any tariff name within one line', (t) => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const any = fc.record({
    power: number,
    energy: number,
    interval_energy: number,
    cost: number,
    interval_cost: number,
    price: number,
    interval: fc.double({ min: 0, max: 1e6, noNaN: true }),
    current_1: number,
    time: fc
      .date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    tariff: fc.string({ unit: 'binary', maxLength: 64 }),
    quality: fc.constantFrom(...QUALITIES),
  });
  fc.assert(
    fc.property(any, (values) => {
      const lines = lineProtocol({ meter: 'main', reading: { ...reading, ...values } }, 'default');
      t.is(lines.length, 2);
      const [continuous, interval] = lines.map(parse);
      for (const line of [continuous, interval]) {
        t.is(line?.measurement, 'electricity');
        t.is(line?.time, Date.parse(values.time));
        t.deepEqual(line?.rest, []);
        t.is(line?.tags.meter, 'main');
      }
      const tariff = values.tariff.replace(/[\p{Cc}\\]/gu, '_');
      t.is(interval?.tags.tariff, tariff === '' ? undefined : tariff);
      t.is(interval?.tags.quality, values.quality);
      const same = (written: string | undefined, value: number) => t.is(Number(written) + 0, value + 0);
      same(continuous?.fields.power_watts, values.power);
      same(continuous?.fields.energy_kilowatthours, values.energy);
      same(continuous?.fields.current_1_amperes, values.current_1);
      same(interval?.fields.interval_energy_kilowatthours, values.interval_energy);
      same(interval?.fields.interval_cost, values.interval_cost);
    }),
  );
});
