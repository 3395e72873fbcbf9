import { entry, file, integer, octets, transport, UNITS } from './sml-file.ts';
import type { Variant } from './variant.ts';

const { Wh, W, V, A, Hz, degrees } = UNITS;
const EMH = '0a01454d480000bc614e';
const EMH_NAME = '1EMH0012345678';

export const sml: Variant[] = [
  {
    name: 'sml',
    format: 'sml',
    frames: [
      {
        // Two rates and a power that is negative while it feeds out; numbers of five bytes.
        frame: transport(
          file(EMH, [
            entry('8181c78203ff', octets('EMH')),
            entry('0100000009ff', octets(Buffer.from(EMH, 'hex'))),
            entry('0100010800ff', integer(123_456_789, 5), Wh, -1),
            entry('0100020800ff', integer(2_000_000, 5), Wh, -1),
            entry('0100010801ff', integer(100_000_000, 5), Wh, -1),
            entry('0100010802ff', integer(23_456_789, 5), Wh, -1),
            entry('0100100700ff', integer(-4175, 4), W, -1),
            entry('8181c78205ff', octets(Buffer.alloc(48, 0x42))),
          ]),
        ),
        sample: {
          phases: [],
          power: -417.5,
          registers: {
            import: 12_345.6789,
            export: 200,
            importRates: { 1: 10_000, 2: 2345.6789 },
          },
          device: EMH_NAME,
        },
      },
      {
        // Three phases with everything; the sums are signed, the angles nobody's business.
        frame: transport(
          file('0a014553590000000001', [
            entry('0100010800ff', integer(87_654_321_000, 8, false), Wh, -3),
            entry('0100100700ff', integer(1500, 2), W, 0),
            entry('0100240700ff', integer(900, 2), W, 0),
            entry('0100380700ff', integer(-100, 1), W, 0),
            entry('01004c0700ff', integer(700, 2), W, 0),
            entry('0100200700ff', integer(2301, 2, false), V, -1),
            entry('0100340700ff', integer(2298, 2, false), V, -1),
            entry('0100480700ff', integer(2310, 2, false), V, -1),
            entry('01001f0700ff', integer(412, 2, false), A, -2),
            entry('0100330700ff', integer(51, 2, false), A, -2),
            entry('0100470700ff', integer(307, 2, false), A, -2),
            entry('0100510701ff', integer(120, 2, false), degrees, 0),
            entry('01000e0700ff', integer(499, 2, false), Hz, -1),
          ]),
        ),
        sample: {
          phases: [
            { current: 4.12, voltage: 230.1, power: 900 },
            { current: 0.51, voltage: 229.8, power: -100 },
            { current: 3.07, voltage: 231, power: 700 },
          ],
          power: 1500,
          frequency: 49.9,
          registers: { import: 87_654.321 },
          device: '1ESY0000000001',
        },
      },
      {
        // No PIN was given: whole kWh, and nothing else. Its checksum is of the other variant.
        frame: transport(
          file('0a01484c5902000d6be6', [entry('0100010800ff', integer(2324, 2, false), Wh, 3)], 'kermit'),
          'kermit',
        ),
        sample: { phases: [], registers: { import: 2324 }, device: '1HLY0200879590' },
        remarks: ['kermit'],
      },
      {
        // Bytes that look like the transport's own, doubled.
        frame: transport(
          file('0a0149534b00041b1b1b', [
            entry('0100600100ff', octets(Buffer.from('1b1b1b1b1b1a0201', 'hex'))),
            entry('0100010800ff', integer(0x1b1b1b1b1b, 5), Wh, 0),
            entry('0100100700ff', integer(0x1b1b, 2), W, 0),
          ]),
        ),
        sample: {
          phases: [],
          power: 6939,
          registers: { import: 116_418_878.235 },
          device: '1ISK0068885275',
        },
      },
    ],
    fuzz: {
      make: (random) => {
        const below = (limit: number) => Math.floor(random() * limit);
        return transport(
          file(EMH, [
            entry('0100010800ff', integer(below(2 ** 32), 5), Wh, -1),
            entry('0100020800ff', integer(below(2 ** 32), 5), Wh, -1),
            entry('0100100700ff', integer(below(20_000) - 10_000, 4), W, 0),
          ]),
        );
      },
      bound: 2 ** -15,
      why: 'CRC-16: 2^-16 of what is damaged beyond what it surely finds, and two variants are tried',
    },
  },
];
