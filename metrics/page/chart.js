// The chart of flows decided a second, over the last ten minutes that this page has seen.

import {rate, shape} from "./tables.js";

const KINDS = ["accepted", "would", "refused"];
const SPAN = 10 * 60 * 1000;
const HEIGHT = 150, LEFT = 40, TOP = 10, BOTTOM = 128;

const points = []; // {at, accepted, would, refused}: flows a second until then

export function add(point) {
  points.push(point);
  while (points.length > 1 && points[0].at < point.at - SPAN)
    points.shift();
}

// What does not belong to the curve any more: the daemon has started anew.
export function forget() {
  points.length = 0;
}

function total(point) {
  return KINDS.reduce((sum, kind) => sum + point[kind], 0);
}

// The next 1, 2 or 5 times a power of ten.
function ceiling(number) {
  const power = 10 ** Math.floor(Math.log10(Math.max(number, 1)));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= number);
}

function area(kind, x, y) {
  const below = KINDS.slice(0, KINDS.indexOf(kind));
  const base = point => below.reduce((sum, each) => sum + point[each], 0);
  const upper = points.map(point => `${x(point)},${y(base(point) + point[kind])}`);
  const lower = points.map(point => `${x(point)},${y(base(point))}`).reverse();
  return shape("path", {class: kind, d: `M${[...upper, ...lower].join("L")}Z`});
}

function axis(top, right, y) {
  return [0, top / 2, top].flatMap(value => [
    shape("line", {x1: LEFT, x2: right, y1: y(value), y2: y(value)}),
    shape("text", {x: LEFT - 6, y: y(value) + 4, "text-anchor": "end"}, String(value))]);
}

function words() {
  if (points.length === 0)
    return "No rate yet: it takes two answers.";
  const last = points.at(-1);
  return `Now ${rate(last.accepted)} accepted, ${rate(last.would)} that would be refused and ${rate(last.refused)} refused `
    + `a second; at most ${rate(Math.max(...points.map(total)))} in the last ten minutes.`;
}

export function draw(chart, text) {
  const right = chart.clientWidth;
  const top = ceiling(Math.max(...points.map(total), 0));
  const last = points.at(-1)?.at ?? 0;
  const x = point => (right - (right - LEFT) * (last - point.at) / SPAN).toFixed(1);
  const y = value => (BOTTOM - (BOTTOM - TOP) * value / top);
  const times = ["10 min ago", "5 min", "now"].map((label, index) =>
    shape("text", {x: LEFT + (right - LEFT) * index / 2, y: BOTTOM + 16, "text-anchor": ["start", "middle", "end"][index]}, label));
  chart.setAttribute("viewBox", `0 0 ${right} ${HEIGHT}`);
  chart.replaceChildren(...axis(top, right, y), ...(points.length > 1 ? KINDS.map(kind => area(kind, x, y)) : []), ...times);
  text.textContent = words();
}
