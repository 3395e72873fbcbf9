/** The word of status beside a meter's registers, of which two kinds are in use. */

/** FNN's, of the meters of today: its lowest byte never changes, and tells it from the other. */
const KIND = 0xff;
const FNN = 0x04;
/** More flows than the meter needs to start, and it flows out. */
const RUNNING = 0x100;
const FNN_OUT = 0x800;
/** Of the other, that of EDL21. */
const EDL_OUT = 0x20;

/** Of the other kind, not every maker's direction is known. */
export function isFnn(status: number): boolean {
  return (status & KIND) === FNN;
}

/** Whether energy flows out of the house; undefined where so little flows that the meter does not say. */
export function flowsOut(status: number): boolean | undefined {
  if (!isFnn(status)) return (status & EDL_OUT) !== 0;
  return (status & RUNNING) === 0 ? undefined : (status & FNN_OUT) !== 0;
}
