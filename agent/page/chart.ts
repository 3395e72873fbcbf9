import uPlot from 'uplot';
import type { Formats } from './model/format.ts';
import type { Mark } from './model/marks.ts';
import type { Lines } from './model/power.ts';
import type { Measure } from './model/ranges.ts';

const DAY = 86_400;

/** All that a chart shows. Times are ms since 1970 UTC. */
export interface Picture {
  measure: Measure;
  lines: Lines;
  marks: readonly Mark[];
  from: number;
  to: number;
  unit: string;
  formats: Formats;
  /** IANA: where days begin on the axis. */
  zone: string;
}

/** A chart in one element of the page: it draws whatever picture it is given, again when its size or the colours change. */
export class Chart {
  readonly #element: HTMLElement;
  readonly #tip = document.createElement('div');
  #plot: uPlot | undefined;
  /** What the plot was made for: with anything else it must be made anew. */
  #made = '';
  #picture: Picture | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#tip.className = 'tip';
    this.#tip.hidden = true;
    new ResizeObserver(() => this.#resize()).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#made = '';
      if (this.#picture) this.draw(this.#picture);
    });
  }

  draw(picture: Picture): void {
    this.#picture = picture;
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width === 0 || height === 0) return;
    const { lines, measure, unit, zone } = picture;
    const data: uPlot.AlignedData = [lines.time, ...lines.series.map(({ values }) => values)];
    const made = JSON.stringify([measure, unit, zone, lines.series.map(({ label }) => label)]);
    if (this.#plot === undefined || made !== this.#made) {
      this.#made = made;
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(width, height), data, this.#element);
      this.#plot.over.append(this.#tip);
    } else {
      this.#plot.setData(data);
    }
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width === 0 || height === 0) return;
    if (this.#plot === undefined) {
      if (this.#picture) this.draw(this.#picture);
    } else if (width !== this.#plot.width || height !== this.#plot.height) {
      this.#plot.setSize({ width, height });
    }
  }

  #options(width: number, height: number): uPlot.Options {
    const colour = (name: string) => getComputedStyle(this.#element).getPropertyValue(`--${name}`).trim();
    const font = `12px ${getComputedStyle(this.#element).fontFamily}`;
    const { measure, lines, zone } = this.#now();
    /** Of the point under the pointer. */
    const colourHere = (plot: uPlot, index: number) => {
      if (measure !== 'power') return colour(`phase-${(index - 1) % 3}`);
      const value = plot.data[index]?.[plot.cursor.idx ?? 0];
      return colour(typeof value === 'number' && value < 0 ? 'out' : 'accent');
    };
    const axis: uPlot.Axis = {
      stroke: colour('muted'),
      font,
      ticks: { show: false },
      grid: { stroke: colour('line'), width: 1 },
      border: { show: false },
    };
    return {
      width,
      height,
      tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zone),
      legend: { show: false },
      padding: [12, 26, 0, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 8, width: 2, stroke: colourHere, fill: colourHere },
      },
      scales: {
        x: { time: true, range: () => [this.#now().from / 1000, this.#now().to / 1000] },
        y: { range: (_plot, least, most) => rangeOf(measure, least, most) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 72,
          size: 34,
          gap: 10,
          values: (_plot, times, _axis, _space, step) => times.map((time) => this.#label(time, step)),
        },
        {
          ...axis,
          size: (_plot, values) => 14 + 7.5 * Math.max(2, ...(values ?? []).map((value) => value.length)),
          values: (_plot, values) => values.map((value) => this.#now().formats.tick(value)),
        },
      ],
      series: [
        {},
        ...lines.series.map(({ label }, index): uPlot.Series => {
          const isPeak = label === 'Peak';
          const isPower = measure === 'power' && !isPeak;
          const stroke = colour(measure === 'power' ? 'peak' : `phase-${index % 3}`);
          return {
            label,
            stroke: isPower ? bySign(colour('accent'), colour('out')) : stroke,
            width: isPeak ? 1 : 2,
            points: { show: false },
            ...(isPower ? { fill: bySign(colour('accent-soft'), colour('out-soft')) } : {}),
          };
        }),
      ],
      ...(lines.series[1]?.label === 'Peak'
        ? { bands: [{ series: [2, 1], fill: colour('accent-soft') }] }
        : {}),
      hooks: {
        drawClear: [(plot) => this.#drawMarks(plot, colour), (plot) => drawNought(plot, colour('edge'))],
        setCursor: [(plot) => this.#point(plot)],
      },
    };
  }

  /** Behind the lines: what happened, over the time it took. */
  #drawMarks(plot: uPlot, colour: (name: string) => string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const { kind, from, to } of this.#now().marks) {
      const [start, end] = [from, to].map((time) => plot.valToPos(time / 1000, 'x', true));
      const left = Math.max(start ?? 0, bbox.left);
      const right = Math.min(Math.max(end ?? 0, (start ?? 0) + 2 * devicePixelRatio), bbox.left + bbox.width);
      if (right <= left) continue;
      ctx.fillStyle = colour(`${kind === 'gap' ? 'gap' : 'incident'}-soft`);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      if (kind === 'gap') continue;
      ctx.fillStyle = colour('incident');
      ctx.fillRect(left, bbox.top, Math.max(right - left, 3 * devicePixelRatio), 3 * devicePixelRatio);
    }
    ctx.restore();
  }

  /** Tells the values under the pointer. */
  #point(plot: uPlot): void {
    const { idx, left = -1 } = plot.cursor;
    const { lines, formats, to } = this.#now();
    const time = idx === null || idx === undefined ? undefined : lines.time[idx];
    this.#tip.hidden = time === undefined || left < 0;
    if (time === undefined || left < 0) return;
    const values = lines.series.map(({ label, values }) => {
      const value = values[idx ?? 0];
      const text =
        value === null || value === undefined ? 'no reading' : `${this.#value(value)} ${this.#now().unit}`;
      return lines.series.length === 1 ? text : `${label} ${text}`;
    });
    this.#tip.textContent = [formats.moment(time * 1000, to), ...values].join(' · ');
    const half = this.#tip.offsetWidth / 2;
    const middle = Math.min(Math.max(left, half), plot.over.clientWidth - half);
    this.#tip.style.transform = `translateX(${Math.round(middle - half)}px)`;
  }

  #value(value: number): string {
    const { formats, measure } = this.#now();
    if (measure === 'power' || measure === 'phases') return formats.power(value);
    return measure === 'current' ? formats.current(value) : formats.voltage(value);
  }

  /** @param time s since 1970 UTC. @param step s between two labels. */
  #label(time: number, step: number): string {
    const { formats } = this.#now();
    if (step >= 28 * DAY) return formats.year(time * 1000);
    if (step >= DAY) return formats.date(time * 1000);
    return step >= 60 ? formats.clock(time * 1000) : formats.second(time * 1000);
  }

  #now(): Picture {
    if (this.#picture === undefined) throw new Error('drawing a chart: must have a picture, has none');
    return this.#picture;
  }
}

/** One colour for what lies above nought, another for what lies below. */
function bySign(above: string, below: string): (plot: uPlot) => CanvasGradient | string {
  return ({ bbox: { top, height }, ctx, scales, valToPos }) => {
    if (!(Number(scales.y?.min) < 0) || !(height > 0)) return above;
    const nought = Math.min(Math.max((valToPos(0, 'y', true) - top) / height, 0), 1);
    const gradient = ctx.createLinearGradient(0, top, 0, top + height);
    for (const [colour, from, to] of [
      [above, 0, nought],
      [below, nought, 1],
    ] as const) {
      gradient.addColorStop(from, colour);
      gradient.addColorStop(to, colour);
    }
    return gradient;
  };
}

/** Where nothing flows, if that is not the edge. */
function drawNought({ bbox, ctx, scales, valToPos }: uPlot, colour: string): void {
  if (!(Number(scales.y?.min) < 0)) return;
  ctx.save();
  ctx.fillStyle = colour;
  ctx.fillRect(bbox.left, Math.round(valToPos(0, 'y', true)), bbox.width, devicePixelRatio);
  ctx.restore();
}

/** Power and current from nought; voltage near where it is. */
function rangeOf(measure: Measure, least: number | null, most: number | null): [number, number] {
  if (least === null || most === null) return [0, 1];
  if (measure === 'voltage') return [Math.floor(least - 2), Math.ceil(most + 2)];
  return [Math.min(0, least * 1.1), Math.max(most * 1.1, measure === 'current' ? 0.5 : 50)];
}
