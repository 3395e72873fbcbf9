import test from 'ava';
import { createFormats } from '../../../../agent/page/model/format.ts';

const us = createFormats('en-US', 'America/Los_Angeles');
const de = createFormats('de-DE', 'Europe/Berlin');
const at = Date.parse('2026-11-22T22:03:07Z');

/** Intl puts narrow spaces where they belong. */
const plain = (text: string) => text.replaceAll(/[\u202f\u00a0]/g, ' ');

test('numbers are as fine as it matters, and in the language of the reader', (t) => {
  t.is(us.power(1243.32), '1,243');
  t.is(us.power(-0.2), '0');
  t.is(de.power(1243.32), '1.243');
  t.is(us.current(3.1), '3.10');
  t.deepEqual([120, 119.84].map(us.voltage), ['120', '119.8']);
  t.deepEqual([0, 7.888, 99.99, 99.996, 412.34, 1234.5].map(us.energy), [
    '0.00',
    '7.89',
    '99.99',
    '100.0',
    '412.3',
    '1,235',
  ]);
});

test('money is in the currency of the tariff, a price as fine as it is', (t) => {
  t.is(us.money(3.456, 'USD'), '$3.46');
  t.is(plain(de.money(3.456, 'EUR')), '3,46 €');
  t.is(us.money(120.4, 'JPY'), '¥120');
  t.is(us.money(3.456, null), '3.46');
  t.is(us.price(0.27, 'USD'), '$0.27');
  t.is(us.price(0.2875, 'USD'), '$0.2875');
});

test('moments are those of the house', (t) => {
  t.is(plain(us.moment(at, at + 1000)), '2:03:07 PM');
  t.is(plain(us.moment(at, at + 86_400_000)), 'Nov 22, 2:03 PM');
  t.is(de.moment(at, at), '23:03:07');
  t.is(us.dayOfMonth(Date.parse('2026-11-22T07:00:00Z')), '21');
  t.is(us.month(at), 'November');
});
