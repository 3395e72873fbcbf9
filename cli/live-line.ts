import type { AgentStatus } from '../agent/status.ts';

/** A terminal, as far as the live line needs one. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const CLEAR = '\r\x1b[K';

/** One line that is always the last on the terminal; log lines go above it. */
export class LiveLine {
  readonly isTTY: boolean;
  readonly #out: Terminal;
  #line = '';

  constructor(out: Terminal) {
    this.#out = out;
    this.isTTY = out.isTTY === true;
  }

  /** Whole lines of a log. */
  write(text: string): void {
    if (this.isTTY) this.#out.write(`${CLEAR}${text}${this.#line}`);
    else this.#out.write(text);
  }

  show(line: string): void {
    if (!this.isTTY) return;
    // A line that wraps could not be taken back. Some terminals say that they have no columns.
    this.#line = line.slice(0, (this.#out.columns || 80) - 1);
    this.#out.write(`${CLEAR}${this.#line}`);
  }

  end(): void {
    if (this.#line !== '') this.#out.write('\n');
    this.#line = '';
  }
}

/** The present in one line, the most telling first: watches, power, energy, cost, price, stores. */
export function describeStatus(status: AgentStatus, currency: string): string {
  const money = new Intl.NumberFormat('en', { style: 'currency', currency });
  const price = new Intl.NumberFormat('en', { style: 'currency', currency, maximumFractionDigits: 4 });
  const watches = status.watches.map(({ name, verdict }) => `${name}: ${verdict.state}`);
  const meters = status.meters.map(({ meter, reading }) => {
    const name = status.meters.length > 1 ? `${meter} ` : '';
    const unit = reading.power_basis === 'apparent' ? 'VA' : 'W';
    const simulated = reading.quality === 'simulated' ? ' simulated' : '';
    // A nought has no sign.
    const power = `${name}${Math.round(reading.power) + 0} ${unit}${simulated}`;
    const { energy, export_energy: fedOut, cost, credit = 0 } = reading;
    const flows =
      fedOut === undefined
        ? `${energy.toFixed(3)} kWh · ${money.format(cost)}`
        : `${energy.toFixed(3)} kWh in, ${fedOut.toFixed(3)} out · ${money.format(cost)}, earned ${money.format(credit)}`;
    return `${power} · ${flows} at ${price.format(reading.price)}/kWh`;
  });
  const stores = status.stores.map(
    ({ name, lag, downSince }) => `${name}: ${downSince === undefined ? `${lag} behind` : 'away'}`,
  );
  return [...watches, meters.join(' · ') || 'waiting for the first reading', ...stores].join(' │ ');
}
