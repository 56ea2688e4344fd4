// The monitor's page: follows /api/v1/events and shows each state. Everything from outside goes
// into the page as text, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);
let token = "";      // in this tab's memory only
let state = null;    // the last one
let received = 0;    // when, ms
const shown = {};    // what each part was last made from
const phases = {};   // of the hosts, to announce changes

// ---- words ----

function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + two(s % 60) + " s";
  if (s < 86400) return Math.floor(s / 3600) + " h " + two(Math.floor(s / 60) % 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor(s / 3600) % 24 + " h";
}

function time(text) {
  return text ? text.replace("T", " ").replace("Z", "") : "";
}

function since(from, to) {
  return from && to ? duration(Date.parse(to) - Date.parse(from)) : "–";
}

// ---- building ----

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Builds a part anew if what it shows has changed; what was open stays open, focus where it was.
function show(id, data, build) {
  const key = JSON.stringify(data);
  if (shown[id] === key) return;
  shown[id] = key;
  const part = $(id);
  const open = [...part.querySelectorAll("details[open]")].map((each) => each.dataset.key);
  const focus = document.activeElement?.closest("[data-key]");
  const focused = focus && part.contains(focus) ? focus.dataset.key : null;
  part.replaceChildren(...build(data));
  for (const each of part.querySelectorAll("details"))
    if (open.includes(each.dataset.key)) each.open = true;
  if (focused)
    part.querySelector(`[data-key="${CSS.escape(focused)}"] summary`)?.focus();
}

function table(caption, heads, rows) {
  return make("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
    make("table", {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) =>
        cell instanceof Node && cell.tagName === "TH" ? cell : make("td", {}, cell)))))));
}

function badge(text, kind) {
  return make("span", { class: "badge " + kind }, text);
}

// ---- the parts ----

const kinds = { serving: "good", suspect: "warn", drained: "bad", ramping: "warn", maintenance: "" };

function slots(host) {
  const out = make("div", { class: "slots", "aria-hidden": "true" });
  for (let i = 0; i < host.slots; i++)
    out.append(make("i", { class: i >= host.online ? "offline" : i < host.busy ? "busy"
      : i < host.admitted ? "admitted" : "" }));
  return out;
}

function saying(name, word) {
  return word ? [make("dt", {}, name),
    make("dd", {}, `until ${time(word.until)}, ${word.who}: ${word.why}`)] : [];
}

function card(host) {
  return make("article", { class: "card", "aria-label": host.name },
    make("header", {}, make("h3", {}, host.name), badge(host.phase, kinds[host.phase] || "")),
    make("p", { class: "soft" }, `${host.tier}: ${host.admitted} of ${host.slots} slots admitted, ` +
      `${host.online} online, ${host.busy} busy, probe ${host.probe}`),
    slots(host),
    make("p", {}, host.why),
    make("dl", {},
      ...host.timers.flatMap((timer) => [make("dt", {}, timer.what),
        make("dd", { "data-timer": host.name + "/" + timer.what })]),
      ...saying("maintenance", host.maintenance), ...saying("downtime", host.downtime),
      ...saying("acknowledged", host.acknowledged)));
}

function withoutTimes(host) {
  return { ...host, timers: host.timers.map(({ what }) => ({ what })) };
}

function queue(part) {
  const out = [make("dl", {},
    make("dt", {}, "waiting"), make("dd", {}, part.known ? String(part.jobs) : "not read yet"),
    make("dt", {}, "oldest"), make("dd", { id: "oldest" }),
    make("dt", {}, "running"), make("dd", {}, String(part.running)))];
  if (part.unmatched > 0)
    out.push(make("p", { class: "bad" }, `${part.unmatched} ` +
      (part.unmatched === 1 ? "job asks" : "jobs ask") +
      " for labels that no registration has: nobody will ever take them"),
      table("Jobs that nobody can take", ["job", "labels", "since"], part.unmatched_jobs.map((job) =>
        [job.name, job.labels, time(job.created)])));
  if (part.error) out.push(make("p", { class: "warn" }, part.error));
  return out;
}

function incident(each) {
  const end = each.dismissed ? badge("false alarm", "") : each.open ? badge("open", "bad")
    : badge("over", "good");
  const rows = [["detected after", each.began, each.detected], ["failover took", each.detected, each.routed],
    ["work went on after (RTO)", each.began, each.restored], ["full after (MTTR)", each.began, each.full]];
  return make("details", { "data-key": "incident-" + each.id },
    make("summary", {}, `${time(each.began)} ${each.host} `, end, each.expected ? " expected" : null),
    make("dl", {}, ...rows.flatMap(([name, from, to]) =>
      [make("dt", {}, name), make("dd", {}, since(from, to))])),
    make("ol", {}, ...each.timeline.map((line) => make("li", {}, `${time(line.at)} ${line.what}`))));
}

function slo(each) {
  const names = { availability: "availability", failover_success: "failovers that worked",
    mttd: "time to detect", mttr: "time to full capacity" };
  const say = (value) => value === null ? "–" : each.unit === "s" ? duration(value * 1000)
    : (value * 100).toFixed(3).replace(/\.?0+$/, "") + "%";
  const met = each.target === null || each.value === null ? badge("no verdict", "")
    : (each.unit === "s" ? each.value <= each.target : each.value >= each.target)
      ? badge("met", "good") : badge("missed", "bad");
  return [make("th", { scope: "row" }, names[each.name] || each.name), say(each.value), say(each.target), met,
    each.budget_left === null ? "–" : (each.budget_left * 100).toFixed(1) + "%"];
}

function feed(each) {
  return [make("th", { scope: "row" }, each.name), each.fresh ? badge("fresh", "good") : badge("stale", "bad"),
    make("span", { "data-age": each.name }), `${each.failed} of ${each.good + each.failed} failed`,
    each.error];
}

function drill(each) {
  return [each.name, time(each.began), each.ended ? `exit ${each.exit_code}` : "not ended",
    each.outcome];
}

function banner() {
  const said = [];
  if (state.paused) said.push("Paused by hand: nobody is moved" +
    (state.pause ? ` until ${time(state.pause.until)} (${state.pause.who}: ${state.pause.why})` : ""));
  if (state.blind) said.push("Blind: a feed is stale, so nothing is changed");
  else if (!state.ready) said.push("Not ready: " + state.not_ready);
  for (const each of state.holds || []) said.push(each);
  $("banner").hidden = said.length === 0;
  if ($("banner").textContent !== said.join(". ")) $("banner").textContent = said.join(". ");
}

// ---- showing ----

function announce() {
  for (const host of state.hosts) {
    if (phases[host.name] && phases[host.name] !== host.phase)
      $("announce").textContent = `${host.name} is ${host.phase}`;
    phases[host.name] = host.phase;
  }
}

function fillHosts() {
  const names = state.hosts.map((host) => host.name);
  if (shown.hosts === names.join()) return;
  shown.hosts = names.join();
  $("act-host").replaceChildren(...names.map((name) => make("option", {}, name)));
}

function tick() {
  if (!state) return;
  const gone = Date.now() - received;
  for (const host of state.hosts)
    for (const timer of host.timers) {
      const at = document.querySelector(`[data-timer="${CSS.escape(host.name + "/" + timer.what)}"]`);
      if (at) at.textContent = duration(timer.left_ms - gone * state.time_factor);
    }
  for (const each of state.feeds) {
    const at = document.querySelector(`[data-age="${CSS.escape(each.name)}"]`);
    if (at) at.textContent = duration(each.age_ms / state.time_factor + gone) + " old";
  }
  const oldest = state.queue.oldest;
  $("oldest").textContent = oldest ? `${duration(state.queue.oldest_ms + gone)}: ${oldest.name} ` +
    `(${oldest.labels})` : "nobody waits";
  $("clock").textContent = time(state.now) + " UTC";
}

function render() {
  $("mode").textContent = state.mode;
  $("program").textContent = "understudy " + state.program + ", up since " + time(state.started) + " UTC";
  banner();
  announce();
  fillHosts();
  show("fleet", state.hosts.map(withoutTimes), (hosts) => hosts.map(card));
  show("queue", { ...state.queue, oldest_ms: 0, read: 0 }, queue);
  show("incidents", state.incidents, (all) => all.length ? all.map(incident)
    : [make("p", { class: "soft" }, "None known.")]);
  show("slos", state.slos, (all) => [table("What was promised, and what came", ["", "so far", "objective",
    "verdict", "error budget left"], all.map(slo))]);
  show("feeds", state.feeds.map((each) => ({ ...each, age_ms: 0 })), (all) =>
    [table("Where the news comes from", ["feed", "", "last answer", "polls", "last error"], all.map(feed))]);
  show("drills", state.drills, (all) => all.length ? [table("The last drills of this journal",
    ["drill", "began", "end", "outcome"], all.map(drill))] : [make("p", { class: "soft" }, "None in this journal.")]);
  show("news", state.news, (all) => all.map((line) => make("li", {}, `${time(line.at)} ${line.what}`)));
  tick();
}

// ---- the picture ----

const dark = matchMedia("(prefers-color-scheme: dark)");
let pictured = 0;    // when it was last asked for, ms

// As an element and not as an <img>, which cannot carry the token.
async function picture() {
  if (!state || document.hidden || Date.now() - pictured < 15000) return;
  pictured = Date.now();
  try {
    const answer = await fetch("/api/v1/plot.svg?theme=" + (dark.matches ? "dark" : "light"), {
      headers: token ? { Authorization: "Bearer " + token } : {}, cache: "no-store" });
    const text = await answer.text();
    $("plot-said").textContent = answer.ok ? "" : "Plot: " + text;
    if (!answer.ok) {
      $("plot").replaceChildren();
      if (text === "being drawn") pictured -= 14000;
      return;
    }
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (svg.tagName !== "svg") return;
    $("plot").replaceChildren(document.importNode(svg, true));
    for (const [name, value] of [["role", "region"], ["aria-label", "Plot of the last hours"], ["tabindex", "0"]])
      $("plot").setAttribute(name, value);
    $("plot").scrollLeft = $("plot").scrollWidth;   // on a phone: the newest
  } catch {
    $("plot-said").textContent = "";
  }
}

dark.addEventListener("change", () => { pictured = 0; picture(); });

// ---- following ----

function link(text) {
  if ($("link").textContent === text) return;
  $("link").textContent = text;
  $("link").className = text === "live" ? "" : "badge bad";
}

// fetch and not EventSource, which cannot carry the token.
async function follow() {
  const answer = await fetch("/api/v1/events", {
    headers: token ? { Authorization: "Bearer " + token } : {}, cache: "no-store" });
  $("unlock").hidden = answer.status !== 401;
  if (answer.status === 401) {
    if (token) $("unlock-said").textContent = "The token is wrong.";
    link("locked");
    return false;
  }
  if (!answer.ok) throw new Error("status " + answer.status);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("ended");
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    if (events.length === 0) continue;
    state = JSON.parse(events.at(-1).slice("data: ".length));
    received = Date.now();
    link("live");
    render();
  }
}

async function stay() {
  for (;;) {
    try {
      if (!await follow()) return;
    } catch {
      link("connection lost, trying again");
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("unlock-token").value;
  stay();
});

$("act-word").addEventListener("change", () => {
  $("act-host-row").hidden = $("act-word").value === "pause";
});

$("act").addEventListener("submit", async (event) => {
  event.preventDefault();
  const word = $("act-word").value;
  const said = $("act-said");
  try {
    const answer = await fetch("/api/v1/words", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + $("act-token").value },
      body: JSON.stringify({ word, host: word === "pause" ? "" : $("act-host").value,
        lasts: $("act-lasts").value, who: $("act-who").value, why: $("act-why").value }) });
    const told = await answer.json();
    said.textContent = answer.ok ? "Done: " + word + ", in the journal." : "Refused: " + told.error;
    said.className = answer.ok ? "good" : "bad";
    if (answer.ok) $("act-why").value = "";
  } catch (error) {
    said.textContent = "Not sent: " + error.message;
    said.className = "bad";
  }
});

setInterval(() => { tick(); picture(); }, 1000);
stay();
