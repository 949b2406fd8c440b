// What the page's tables and lists are made of. Text goes in by textContent alone: names in it were chosen by strangers.

const SVG = "http://www.w3.org/2000/svg";

// A stranger's name may hold characters that turn or hide what stands beside them.
function visible(text) {
  return text.replace(/\p{C}/gu, "\uFFFD");
}

export function element(tag, text, properties = {}) {
  const made = document.createElement(tag);
  if (text !== undefined)
    made.textContent = text;
  for (const [name, value] of Object.entries(properties))
    made.setAttribute(name, value);
  return made;
}

export function shape(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes))
    made.setAttribute(name, value);
  if (text !== undefined)
    made.textContent = text;
  return made;
}

// Replaces the rows of a table. A cell is a text, or an element to stand in it; the first one heads its row.
export function fill(id, rows, whenEmpty) {
  const table = document.getElementById(id);
  const columns = [...table.tHead.rows[0].cells];
  const body = rows.map(cells => {
    const row = element("tr", undefined, {role: "row"});
    cells.forEach((cell, index) => row.append(made(cell, index, columns[index])));
    return row;
  });
  if (body.length === 0) {
    const row = element("tr", undefined, {role: "row"});
    row.append(element("td", whenEmpty, {role: "cell", class: "empty", colspan: columns.length}));
    body.push(row);
  }
  table.tBodies[0].replaceChildren(...body);
}

function made(cell, index, column) {
  const built = index === 0
    ? element("th", undefined, {role: "rowheader", scope: "row"})
    : element("td", undefined, {role: "cell", "data-column": column.textContent, class: column.className});
  built.append(typeof cell === "string" ? visible(cell) : cell);
  return built;
}

// Replaces a list of facts: [name, text, level].
export function state(id, facts) {
  document.getElementById(id).replaceChildren(...facts.flatMap(([name, text, level]) =>
    [element("dt", name), element("dd", text, level ? {"data-level": level} : {})]));
}

// A bar whose parts have these lengths, of `whole`. The numbers stand beside it.
export function bar(parts, whole) {
  const drawn = shape("svg", {class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true"});
  let from = 0;
  for (const [kind, length] of parts) {
    const width = whole > 0 ? 100 * length / whole : 0;
    if (width > 0)
      drawn.append(shape("rect", {class: kind, x: from, y: 0, width, height: 10}));
    from += width;
  }
  return drawn;
}

const whole = new Intl.NumberFormat("en-GB");

export function count(number) {
  return whole.format(number);
}

// A rate with as many digits as mean something.
export function rate(number) {
  if (number === null)
    return "–";
  return number >= 10 || number === 0 ? whole.format(Math.round(number)) : number.toFixed(1);
}

export function octets(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let step = 0;
  while (number >= 1024 && step + 1 < units.length) {
    number /= 1024;
    ++step;
  }
  return `${step > 0 && number < 100 ? number.toFixed(1) : Math.round(number)} ${units[step]}`;
}

// "3 h": the largest unit that is not 0.
export function age(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60)
    return `${seconds} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600)
    return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}
