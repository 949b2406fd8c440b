// Asks the daemon for its status every few seconds and shows it.

import {add, draw, forget} from "./chart.js";
import {age, bar, count, element, fill, octets, rate, state} from "./tables.js";

const INTERVAL = 5000;
const PATIENCE = 10000;
const SERVICES_SHOWN = 20;
const DAY = 86400 * 1000;

const at = id => document.getElementById(id);
const reasons = {
  ruleset_drift: "The kernel’s rules are not octroi’s, or are passed by: octroi firewall check says how",
  ruleset_unread: "Whether the kernel’s rules are octroi’s is not known: they can’t be read",
  worker_stalled: "A worker has stopped working",
};

let previous = null; // the answer before
let token = sessionStorage.getItem("token");
let timer = null;
let said = "";

function say(text) {
  if (text !== said)
    at("announcement").textContent = text;
  said = text;
}

function badge(text, level) {
  at("state").textContent = text;
  at("state").dataset.level = level;
}

// Everything that is wrong, the worst first: [text, level].
function troubles(status) {
  const {health, policy} = status;
  const found = health.degraded.map(reason => [reasons[reason] ?? `Degraded: ${reason}`, "bad"]);
  if (!health.ready)
    found.unshift(["Not ready: packets are not inspected yet", "bad"]);
  if (!health.last_reload_successful)
    found.push(["The last reload was refused, the policy before it is in force: the daemon’s log says why", "bad"]);
  const {entries, limit} = health.conntrack;
  if (limit > 0 && entries > 0.9 * limit)
    found.push([`The kernel tracks ${count(entries)} connections of ${count(limit)} at most`, "warn"]);
  const soon = status.exemptions.filter(each => each.active && Date.parse(each.until) - Date.parse(status.now) < 7 * DAY);
  if (soon.length > 0)
    found.push([`Exemptions that end within a week: ${soon.map(each => each.name).join(", ")}`, "warn"]);
  if (policy.enforced === 0)
    found.push(["Nothing is enforced: every rule is in monitor mode", "warn"]);
  return found;
}

function showState(status) {
  const found = troubles(status);
  const bad = found.some(([, level]) => level === "bad");
  badge(bad ? (status.health.ready ? "Degraded" : "Not ready") : "Ready", bad ? "bad" : "good");
  at("alerts").replaceChildren(...found.map(([text, level]) => element("li", text, {"data-level": level})));
  say(bad ? found.filter(([, level]) => level === "bad").map(([text]) => text).join(". ") : "octroi is ready");
  const monitors = status.policy.mode === "monitor" || status.policy.enforced === 0;
  at("mode").textContent = monitors ? "Monitoring only" : "Enforcing";
  at("mode").dataset.level = monitors ? "warn" : "good";
  at("gateway").textContent = status.gateway;
  at("uptime").textContent = `version ${status.version}, up ${age(Date.parse(status.now) - Date.parse(status.started))}`;
  document.title = `${bad ? "⚠ " : ""}octroi ${status.gateway}`;
}

function moment(text) {
  return text.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}

function showPolicy(status) {
  const {policy, activity} = status;
  const facts = [
    ["Mode", policy.mode === "enforce" ? "enforce" : "monitor: nothing is refused by default", policy.mode === "enforce" ? "" : "warn"],
    ["Rules", `${count(policy.enforced)} enforced, ${count(policy.monitored)} monitored`],
    ["File", policy.file],
    ["In force", `for ${age(Date.parse(status.now) - Date.parse(policy.loaded))}, since ${moment(policy.loaded)}`],
    ["Revision", `${policy.revision}, generation ${policy.generation}`],
    ["Changes", policy.next_change ? `by itself at ${moment(policy.next_change)}` : "not by itself"]];
  if (activity)
    facts.push(["Reload", activity.total > 0
      ? `${activity.phase}, ${count(activity.done)} of ${count(activity.total)}` : activity.phase, "warn"]);
  state("policy", facts);
}

function showHealth({health}) {
  const {conntrack, events} = health;
  state("health", [
    ["Without octroi", health.on_failure === "closed" ? "undecided packets stop" : "packets pass uninspected",
      health.on_failure === "closed" ? "" : "warn"],
    ["Reloads", `${count(health.reloads)}, the last one ${health.last_reload_successful ? "good" : "refused"}`,
      health.last_reload_successful ? "good" : "bad"],
    ["Uninspected", `${count(health.uninspected)} packets`, health.uninspected > 0 ? "warn" : "good"],
    ["Connections", conntrack.limit > 0 ? `${count(conntrack.entries)} of ${count(conntrack.limit)}` : "not tracked"],
    ["Events", events.configured ? `${count(events.written)} written, ${count(events.lost)} lost` : "not configured",
      events.lost > 0 ? "warn" : ""],
    ["Memory", octets(health.memory)]]);
}

function seconds(status) {
  return previous ? (Date.parse(status.now) - Date.parse(previous.now)) / 1000 : 0;
}

// How fast a counter of the row grows, a second; null where that is not known.
function growth(status, rows, by, row, of) {
  const before = previous?.[rows].find(each => each[by] === row[by]);
  return seconds(status) > 0 ? (of(row) - (before ? of(before) : 0)) / seconds(status) : null;
}

const flows = service => service.accepted + service.refused;

function sums(status) {
  return status.services.reduce((sum, each) => ({
    accepted: sum.accepted + each.accepted - each.would_be_refused,
    would: sum.would + each.would_be_refused,
    refused: sum.refused + each.refused}), {accepted: 0, would: 0, refused: 0});
}

function showRate(status) {
  if (seconds(status) > 0) {
    const [now, before] = [sums(status), sums(previous)];
    const each = kind => Math.max(0, now[kind] - before[kind]) / seconds(status);
    add({at: Date.parse(status.now), accepted: each("accepted"), would: each("would"), refused: each("refused")});
  }
  draw(at("rate"), at("rate-text"));
}

function showServices(status) {
  const shown = status.services.slice(0, SERVICES_SHOWN);
  const most = Math.max(0, ...shown.map(flows));
  fill("services", shown.map(each => {
    const grows = growth(status, "services", "service", each, flows);
    return [
      each.service,
      bar([["accepted", each.accepted - each.would_be_refused], ["would", each.would_be_refused],
        ["refused", each.refused]], most),
      rate(grows === null ? null : 60 * grows),
      count(each.accepted), count(each.would_be_refused), count(each.refused),
      octets(each.bytes)];
  }), "No flow has been decided yet.");
}

// Who it was as far as the privacy setting tells: an address, the beginning of a pseudonym, or only the zone.
function client(decision) {
  const who = decision.src_ip ?? decision.src_pseudonym?.slice(0, 8);
  return [who, decision.zone ?? "no zone"].filter(Boolean).join(", ");
}

function outcome(decision) {
  const refused = decision.action !== "accept";
  return element("span", refused ? `${decision.action === "drop" ? "dropped" : "rejected"}` : `would ${decision.would}`,
    {"data-level": refused ? "bad" : "warn"});
}

function showDecisions({decisions}) {
  fill("decisions", decisions.map(each => [
    element("time", each.timestamp.slice(11, 19), {datetime: each.timestamp, title: each.timestamp}),
    outcome(each), client(each), each.service ?? "unknown", each.server_name ?? "–",
    `${each.dest_ip} ${each.proto} ${each.dest_port}`,
    each.rule ?? each.exception ?? "the default"]), "Nothing was refused since the start.");
}

function showExemptions(status) {
  fill("exemptions", status.exemptions.map(each => {
    const left = Date.parse(each.until) - Date.parse(status.now);
    const text = each.active ? `in ${age(left)}` : left > 0 ? "not active now" : "ended";
    const level = each.active && left < 7 * DAY ? "warn" : "";
    return [each.name, element("span", `${each.until.slice(0, 16).replace("T", " ")}, ${text}`, level ? {"data-level": level} : {}),
      each.owner, each.ticket, count(each.hits)];
  }), "The policy has none.");
}

function showWork(status) {
  fill("queues", status.queues.map(each => [
    each.queue, `${count(each.waiting)} of ${count(each.limit)}`,
    rate(growth(status, "queues", "queue", each, row => row.received)),
    count(each.received), count(each.kernel_dropped + each.user_dropped)]), "No queue is bound.");
  fill("workers", status.workers.map(each => [
    each.worker, `${count(each.flows)} of ${count(each.limit)}`,
    each.heartbeat ? `${age(Date.parse(status.now) - Date.parse(each.heartbeat))} ago` : "never"]), "No worker runs.");
}

function show(status) {
  if (previous && previous.started !== status.started) {
    previous = null;
    forget();
  }
  for (const part of [showState, showPolicy, showHealth, showRate, showServices, showDecisions, showExemptions, showWork])
    part(status);
  at("updated").textContent = `as of ${moment(status.now).slice(11)}`;
  previous = status;
}

async function ask() {
  const headers = token ? {Authorization: `Bearer ${token}`} : {};
  const answer = await fetch("/api/v1/status", {headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE)});
  at("access").hidden = answer.status !== 401;
  if (answer.status === 401) {
    badge("Token needed", "warn");
    say("The status needs a token");
    return;
  }
  if (!answer.ok)
    throw new Error(`status ${answer.status}`);
  show(await answer.json());
}

async function round() {
  clearTimeout(timer);
  try {
    await ask();
  } catch (problem) {
    badge("No answer", "bad");
    say("octroi does not answer. What is shown is old");
    at("alerts").replaceChildren(element("li", `octroi does not answer (${problem.message}). What is shown is old.`, {"data-level": "bad"}));
  }
  if (!paused() && !document.hidden)
    timer = setTimeout(round, INTERVAL);
}

function paused() {
  return at("pause").getAttribute("aria-pressed") === "true";
}

at("pause").addEventListener("click", () => {
  const pausing = !paused();
  at("pause").setAttribute("aria-pressed", String(pausing));
  clearTimeout(timer);
  if (!pausing)
    round();
});

at("access").addEventListener("submit", event => {
  event.preventDefault();
  token = at("token").value.trim();
  sessionStorage.setItem("token", token);
  round();
});

addEventListener("resize", () => draw(at("rate"), at("rate-text")));

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused())
    round();
});

round();
