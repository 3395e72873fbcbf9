import type { Variant } from './variant.ts';

/** Any character that a line is made of may make another good one of it. */
const reserved = /[\s\w.:,"{}-]/;

export const emontx: Variant[] = [
  {
    name: 'emontx',
    format: 'emontx',
    frames: [
      {
        frame: 'MSG:71923,Vrms:246.78,P1:157,E1:16346,pulse:15\r\n',
        sample: { phases: [{ voltage: 246.78, power: 157, energy: 16.346 }] },
      },
      {
        frame: 'MSG:71924,Vrms:246.81,P1:-1570,P2:79,E1:-16346,E2:0,T1:21.37,T2:300.00,pulse:15\r\n',
        sample: {
          phases: [
            { voltage: 246.81, power: -1570, energy: -16.346 },
            { voltage: 246.81, power: 79, energy: 0 },
          ],
        },
      },
      {
        frame: 'MSG:1,Vrms:230.02,P1:100,E1:7,pulse:0,I1:0.441,pf1:-0.9858\r\n',
        sample: {
          phases: [{ current: 0.441, voltage: 230.02, power: 100, energy: 0.007 }],
          powerFactor: -0.9858,
        },
      },
      {
        frame:
          'MSG:2,V1:230.02,V2:231.5,V3:229.9,P1:1,P2:2,P3:3,P4:4,E1:1,E2:2,E3:3,E4:4,pulse1:0,pulse2:9,t1:19.5\r\n',
        sample: {
          phases: [
            { voltage: 230.02, power: 1, energy: 0.001 },
            { voltage: 231.5, power: 2, energy: 0.002 },
            { voltage: 229.9, power: 3, energy: 0.003 },
            { voltage: 230.02, power: 4, energy: 0.004 },
          ],
        },
      },
    ],
    reserved,
    fuzz: {
      make: (random) => {
        const below = (limit: number) => Math.floor(random() * limit);
        const [P, E] = [
          [below(3000) - 500, below(3000)],
          [below(1e7), below(1e7)],
        ];
        return `MSG:${below(1e6)},Vrms:${(220 + below(2000) / 100).toFixed(2)},P1:${P[0]},P2:${P[1]},E1:${E[0]},E2:${E[1]},pulse:${below(100)}\r\n`;
      },
      bound: 0.17,
      why: 'no check at all: a changed digit is another number',
    },
  },
  {
    name: 'emontx, ct list',
    format: 'emontx',
    frames: [
      {
        frame: 'ct1:0,ct2:0,ct3:0,ct4:0,vrms:524,pulse:0\r\n',
        sample: { phases: Array.from({ length: 4 }, () => ({ voltage: 5.24, power: 0 })) },
      },
      {
        frame: 'ct1:3081,ct2:-12,vrms:24678,pulse:7\r\n',
        sample: {
          phases: [
            { voltage: 246.78, power: 3081 },
            { voltage: 246.78, power: -12 },
          ],
        },
      },
      {
        frame: 'ct1:3081.25,ct2:0.00,vrms:246.78,t1:18.25,pulses:7\r\n',
        sample: {
          phases: [
            { voltage: 246.78, power: 3081.25 },
            { voltage: 246.78, power: 0 },
          ],
        },
      },
      { frame: 'CT1:5\n', sample: { phases: [{ power: 5 }] } },
    ],
    reserved,
    fuzz: {
      make: (random) => {
        const below = (limit: number) => Math.floor(random() * limit);
        return `ct1:${below(5000)},ct2:${below(5000)},ct3:${below(100)},ct4:${below(9)},vrms:${22000 + below(2000)},pulse:${below(100)}\r\n`;
      },
      bound: 0.15,
      why: 'no check at all: a changed digit is another number',
    },
  },
  {
    name: 'emontx, JSON',
    format: 'emontx',
    frames: [
      {
        frame: '{"MSG":71923,"Vrms":246.78,"P1":157,"E1":16346,"pulse":15}\r\n',
        sample: { phases: [{ voltage: 246.78, power: 157, energy: 16.346 }] },
      },
      {
        frame: '{"ct1":0,"ct2":12,"vrms":24012,"pulse":0}\r\n',
        sample: {
          phases: [
            { voltage: 240.12, power: 0 },
            { voltage: 240.12, power: 12 },
          ],
        },
      },
      {
        frame: '{ "msg": 3, "v1": 230.5, "p1": -2, "p3": 7, "e1": 1, "e3": 2, "t1": 20.1 }\n',
        sample: {
          phases: [
            { voltage: 230.5, power: -2, energy: 0.001 },
            {},
            { voltage: 230.5, power: 7, energy: 0.002 },
          ],
        },
      },
      { frame: '{"P1":"5"}\r\n', sample: { phases: [{ power: 5 }] } },
    ],
    reserved,
    fuzz: {
      make: (random) => {
        const below = (limit: number) => Math.floor(random() * limit);
        return `{"MSG":${below(1e6)},"Vrms":${(220 + below(2000) / 100).toFixed(2)},"P1":${below(3000)},"E1":${below(1e7)},"pulse":${below(100)}}\r\n`;
      },
      bound: 0.12,
      why: 'no check at all: a changed digit is another number',
    },
  },
];
