export { listDevices } from '../shared/serial-devices.ts';
