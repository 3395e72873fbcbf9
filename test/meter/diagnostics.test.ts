import test from 'ava';
import { Diary } from '../../meter/diagnostics.ts';

const OUTBOX = { errors: 0, pending: 0, unwritten: 0, bytes: 0, dropped: { age: 0, size: 0, memory: 0 } };

test('what was refused, clipped, and worth a remark is counted, by its kind and channel', (t) => {
  const diary = new Diary('/dev/ttyTEST', 'd0', () => 0);
  diary.decoded(100, { samples: [], rejects: ['key', 'key'], remarks: ['bcc', 'unchecked', 'bcc'] });
  diary.decoded(10, { samples: [{ phases: [] }], rejects: [] });
  diary.calibrated({ clipped: ['current_1', 'power_2'], refused: [] });
  diary.calibrated({ clipped: ['current_1'], refused: ['voltage_1', 'voltage_2'] });
  diary.accounted({ implausible: true });
  diary.accounted({ stale: true });
  const { rejects, remarks, clipped, refused, samples } = diary.snapshot(OUTBOX, 0);
  t.deepEqual(rejects, { key: 2, refused: 1, implausible: 1, stale: 1 });
  t.deepEqual(remarks, { bcc: 2, unchecked: 1 });
  t.deepEqual(clipped, { current_1: 2, power_2: 1 });
  t.deepEqual(refused, { voltage_1: 1, voltage_2: 1 });
  t.is(samples, 1);
});

test('what was told does not change afterwards', (t) => {
  const diary = new Diary('/dev/ttyTEST', 'd0', () => 0);
  const before = diary.snapshot(OUTBOX, 0);
  diary.decoded(1, { samples: [], rejects: ['syntax'], remarks: ['bcc'] });
  diary.calibrated({ clipped: ['power_1'], refused: ['power_1'] });
  t.like(before, { rejects: {}, remarks: {}, clipped: {}, refused: {} });
  t.deepEqual(before.clipped, {});
});

test('who asks is told of refused samples as of refused frames', (t) => {
  let now = 0;
  const diary = new Diary('/dev/ttyTEST', 'amps', () => now);
  diary.opened();
  const samples = [{ phases: [{ current: 1 }] }];
  diary.decoded(10, { samples, rejects: ['syntax'] });
  diary.calibrated({ clipped: [], refused: [] });
  t.like(diary.answer(), { sample_age: 0, rejects: 0 });
  now = 5000;
  for (let count = 0; count < 3; count += 1) {
    diary.decoded(10, { samples, rejects: [] });
    diary.calibrated({ clipped: [], refused: ['current_1'] });
  }
  diary.decoded(10, { samples: [], rejects: ['checksum'] });
  t.like(diary.answer(), { sample_age: 5, rejects: 4, quiet: 0 });
});
