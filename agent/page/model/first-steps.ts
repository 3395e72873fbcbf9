/** How somebody goes from the simulated panel to a real meter. */
export interface FirstSteps {
  /** Serial devices to choose from; none where the agent sees none. */
  devices: string[];
  /** Whether the agent could look for devices: in a container it cannot. */
  canSee: boolean;
  /** The line that starts it, without containers. */
  command: string;
  /** The lines of the file `.env`, for containers. */
  environment: string;
}

const EXAMPLE = '/dev/serial/by-id/usb-Arduino…';

/** @param devices of the agent’s machine; null where it cannot see them. */
export function firstSteps(devices: readonly string[] | null): FirstSteps {
  const port = devices?.[0] ?? EXAMPLE;
  return {
    devices: [...(devices ?? [])],
    canSee: devices !== null,
    command: `npm start -- --port ${port} --decoder amps`,
    environment: `METER_PORT=${port}\nMETER_DECODER=amps`,
  };
}
