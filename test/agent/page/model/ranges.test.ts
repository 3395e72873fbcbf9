import test from 'ava';
import { measuresOf, phaseFieldsOf } from '../../../../agent/page/model/ranges.ts';

test('what can be charted is what each phase has, and nothing that is only called alike', (t) => {
  t.deepEqual(measuresOf([]), ['power']);
  t.deepEqual(measuresOf(['current_1', 'voltage_1']), ['power', 'current', 'voltage']);
  t.deepEqual(measuresOf(['power_factor', 'gas', 'register_import_1']), ['power']);
  t.deepEqual(measuresOf(['power_1', 'current_1']), ['power', 'phases', 'current']);
  t.deepEqual(phaseFieldsOf('phases', ['power_10', 'power_2', 'power_factor', 'current_1']), [
    { field: 'power_2', phase: 2 },
    { field: 'power_10', phase: 10 },
  ]);
  t.deepEqual(phaseFieldsOf('power', ['power_1']), []);
});
