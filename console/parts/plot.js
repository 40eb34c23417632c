// Plots by day, drawn by uPlot in the page's colours; for those who see none, a table stands beside.
import { number, t, time } from "../i18n/index.js";
import { element } from "./element.js";

const HEIGHT = 220;
const DAY_SECONDS = 86_400;
const DARK = matchMedia("(prefers-color-scheme: dark)");

/**
 * A plot of values by day.
 * @param {string} name what is drawn, for those who do not see it
 * @param {string[]} days "2026-11-27", in order
 * @param {Array<{label: string, colour: string, values: (number|null)[], dash?: number[]}>} series colours
 *   are properties of tokens.css
 * @param {{stacked?: boolean, logarithmic?: boolean}} how bars upon each other, else lines
 * @param {AbortSignal} signal when it is drawn no more
 */
export function plot(name, days, series, how, signal) {
  const place = element("div.plot", { role: "img", "aria-label": name });
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    drawn = new globalThis.uPlot(optionsOf(place, days, series, how), dataOf(days, series, how), place);
  };
  // It has a width once it is in the page, and another one when the window has.
  const sized = new ResizeObserver(() => {
    if (!drawn) draw();
    else if (drawn.width !== place.clientWidth) drawn.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  sized.observe(place);
  DARK.addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => (sized.disconnect(), drawn?.destroy()));
  return place;
}

/** Midnights, and values; bars upon each other are drawn from the highest sum to the lowest. */
function dataOf(days, series, { stacked }) {
  const at = days.map((day) => Date.parse(day) / 1000);
  if (!stacked) return [at, ...series.map(({ values }) => values)];
  const sums = [];
  series.forEach(({ values }, index) =>
    sums.push(values.map((value, place) => (value ?? 0) + (index ? sums[index - 1][place] : 0))));
  return [at, ...sums.reverse()];
}

function optionsOf(place, days, series, how) {
  const { uPlot } = globalThis;
  const colour = (token) => getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
  const inOrder = how.stacked ? [...series].reverse() : series;
  const label = (at, long) => time(at * 1000, { month: "short", day: "numeric", timeZone: "UTC", ...(long && { weekday: "short", year: "numeric" }) });
  const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
  const [first, last] = [days[0], days.at(-1)].map((day) => Date.parse(day) / 1000);
  return {
    width: place.clientWidth,
    height: HEIGHT,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: () => [first - DAY_SECONDS / 2, last + DAY_SECONDS / 2] },
      y: how.logarithmic
        ? { distr: 3, range: (_, low, high) => [10 ** Math.floor(Math.log10(low ?? 0.1)), 10 ** Math.ceil(Math.log10((high ?? 1) * 1.01))] }
        : { range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, incrs: [1, 2, 7, 14, 28, 84].map((days) => days * DAY_SECONDS), space: 70, values: (_, splits) => splits.map((at) => label(at)) },
      { ...axis, size: 60, values: (_, splits) => splits.map((value) => (value === null ? "" : number(value, { maximumSignificantDigits: 3 }))) },
    ],
    series: [
      { label: t("plot.day"), value: (_, at) => (at === null ? "" : label(at, true)) },
      ...inOrder.map(({ label, colour: token, values, dash }) => ({
        label,
        stroke: colour(token),
        fill: how.stacked ? colour(token) : undefined,
        width: how.stacked ? 0 : 2,
        dash,
        paths: how.stacked ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined,
        points: { show: !how.stacked, size: 5, fill: colour(token) },
        spanGaps: true,
        // What is told is the value itself, not the sum that is drawn.
        value: (_, __, ___, place) => (place === null || values[place] === null ? "" : number(values[place], { maximumFractionDigits: 1 })),
      })),
    ],
  };
}
