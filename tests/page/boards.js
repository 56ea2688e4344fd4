#!/usr/bin/env node
// Asks the real Prometheus every query of the dashboards and of the rules. Its data: fifteen days
// made from one scrape of a monitor that has seen an incident (tests/page/stage.c), its counters
// rising; beside it what node_exporter and Prometheus itself would have. Each query must answer.
"use strict";
const { spawn, execFileSync } = require("node:child_process");
const fs = require("node:fs");

const build = process.env.BUILD || "build";
const folder = `${build}/boards`;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const others = ["up", "ALERTS", "node_cpu_seconds_total", "node_memory_MemAvailable_bytes",
  "node_memory_MemTotal_bytes", "node_disk_io_time_seconds_total", "node_network_receive_bytes_total",
  "node_network_transmit_bytes_total"];
const labels = { up: 'job="understudy"', ALERTS: 'alertname="A",alertstate="firing"',
  node_cpu_seconds_total: 'instance="a",cpu="0",mode="idle"' };

async function monitor() {
  const stage = spawn(`${build}/tests/page/stage`, [],
    { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, UND_PAGE_TOKEN: "TheTokenOfTheStage", CK_FORK: "no" } });
  const port = await new Promise((done) => stage.stdout.on("data", (data) => {
    const said = /PORT (\d+)/.exec(data);
    if (said) done(said[1]);
  }));
  const state = () => fetch(`http://127.0.0.1:${port}/api/v1/state`).then((answer) => answer.json()).catch(() => ({}));
  const until = async (holds) => {
    for (let i = 0; i < 300; i++) {
      if (holds(await state())) return;
      await sleep(100);
    }
    throw new Error("never: " + holds);
  };
  await until((now) => now.ready);
  stage.stdin.write("break\n");
  await until((now) => now.hosts?.[0].phase === "drained");
  stage.stdin.write("mend\n");
  await until((now) => now.incidents?.[0] && !now.incidents[0].open && now.queue.known);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return { port, quit: () => stage.stdin.write("quit\n"),
    lines: text.split("\n").filter((line) => line && !line.startsWith("#")) };
}

// Every ten minutes for fifteen days, every 15 s for the last ten minutes.
function history(lines) {
  const now = Math.floor(Date.now() / 1000), times = [];
  for (let t = now - 15 * 86400; t < now - 600; t += 600) times.push(t);
  for (let t = now - 600; t <= now; t += 15) times.push(t);
  const out = [];
  for (const line of lines.concat(others.map((name) => `${name}{${labels[name] || 'instance="a",device="e"'}} 1`))) {
    const space = line.lastIndexOf(" "), series = line.slice(0, space);
    const counter = /_total($|\{)/.test(series), value = Number(line.slice(space + 1));
    const name = series.replace(/\{.*/, "");
    out.push([name, times.map((t, i) => `${series} ${counter ? i : value} ${t}`)]);
  }
  out.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  let text = "", last = "";
  for (const [name, samples] of out) {
    if (name !== last) text += `# TYPE ${name} unknown\n`;
    last = name;
    text += samples.join("\n") + "\n";
  }
  return text + "# EOF\n";
}

function queries() {
  const found = [];
  const walk = (value) => {
    if (value && typeof value === "object")
      for (const [key, item] of Object.entries(value)) {
        if (key === "expr") found.push(item);
        walk(item);
      }
  };
  for (const board of ["sre-overview", "runner-metrics", "capacity"])
    walk(JSON.parse(fs.readFileSync(`scenarios/grafana/${board}.json`, "utf8")));
  return found;
}

async function main() {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const stage = await monitor();
  fs.writeFileSync(`${folder}/history`, history(stage.lines));
  execFileSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", `${folder}/history`, `${folder}/data`],
    { stdio: "ignore" });
  fs.writeFileSync(`${folder}/prometheus.yml`, "scrape_configs: [{job_name: live, scrape_interval: 1s, " +
    `scrape_timeout: 1s, static_configs: [{targets: ["127.0.0.1:${stage.port}"]}]}]\n`);
  const port = 20000 + process.pid % 10000;
  const server = spawn("prometheus", [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`,
    "--storage.tsdb.retention.time=30d", `--web.listen-address=127.0.0.1:${port}`], { stdio: "ignore" });
  const asked = queries();
  // Scraped as OpenMetrics, which it asks for: a format that it cannot read is up == 0.
  asked.push('up{job="live"} == 1', 'understudy_decisions_total{job="live"} > 0');
  let failures = 0;
  try {
    for (let i = 0; i < 300; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null);
      if (answer?.ok) break;
      await sleep(100);
    }
    await sleep(15000); // targets are taken up after five seconds, and scraped once a second
    for (const query of asked) {
      const answer = await (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)).json();
      if (answer.status === "success" && answer.data.result.length > 0) continue;
      failures++;
      console.log(`boards.js: ${query}: got ${answer.error || "no data"}, want some`);
    }
  } finally {
    server.kill();
    stage.quit();
  }
  const n = asked.length;
  console.log(`${Math.floor(100 * (n - failures) / n)}%: Checks: ${n}, Failures: ${failures}, Errors: 0`);
  process.exit(failures > 0 ? 1 : 0);
}

main().catch((error) => { console.log(error); process.exit(1); });
