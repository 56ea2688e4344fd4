#!/usr/bin/env node
// Drives the monitor's page in headless chromium through its debugging pipe: every state and button,
// what a keyboard reaches, what a screen reader is told, and screenshots for people to look at.
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");

const build = process.env.BUILD || "build";
const shots = `${build}/page`;
const token = "TheTokenOfTheStage";
let checks = 0, failures = 0;

function check(holds, what) {
  checks++;
  if (holds) return;
  failures++;
  console.log(`drive.js: ${what}`);
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Browser {
  constructor() {
    this.next = 1;
    this.waiting = new Map();
    this.said = [];
    this.process = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu",
      "--remote-debugging-pipe", `--user-data-dir=${shots}/profile`, "--hide-scrollbars"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    let rest = "";
    this.process.stdio[4].on("data", (data) => {
      const parts = (rest + data).split("\0");
      rest = parts.pop();
      for (const part of parts) this.hear(JSON.parse(part));
    });
  }
  hear(message) {
    if (message.id) {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
    } else if (["Runtime.exceptionThrown", "Log.entryAdded"].includes(message.method)) {
      this.said.push(JSON.stringify(message.params));
    }
  }
  send(method, params = {}) {
    const id = this.next++;
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId: this.session }) + "\0");
    return new Promise((done, fail) => this.waiting.set(id, (answer) =>
      answer.error ? fail(new Error(method + ": " + answer.error.message)) : done(answer.result)));
  }
  async open(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    this.session = (await this.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Accessibility"]) await this.send(domain + ".enable");
    await this.send("Page.navigate", { url });
  }
  async run(expression) {
    const answer = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    return answer.result.value;
  }
  async until(expression, what) {
    for (let i = 0; i < 300; i++) {
      if (await this.run(expression)) return check(true, what);
      await sleep(100);
    }
    check(false, `never: ${what} (${expression})`);
  }
  async look(name, width, scheme) {
    await this.send("Emulation.setDeviceMetricsOverride",
      { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 });
    await this.send("Emulation.setEmulatedMedia",
      { features: [{ name: "prefers-color-scheme", value: scheme }] });
    if (await this.run("document.querySelector('#plot svg') !== null"))
      await this.until(`document.querySelector("#plot svg rect").getAttribute("fill") === "${
        scheme === "dark" ? "#1d2026" : "#ffffff"}"`, `the plot follows ${scheme}`);
    check(await this.run("document.documentElement.scrollWidth <= innerWidth"),
      `${name}: wider than ${width} pixels`);
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    fs.writeFileSync(`${shots}/${name}-${width}-${scheme}.png`, Buffer.from(data, "base64"));
  }
  async lookEverywhere(name) {
    for (const width of [1280, 390])
      for (const scheme of ["light", "dark"]) await this.look(name, width, scheme);
  }
}

const phase = (host) => `[...document.querySelectorAll("#fleet article")].find((each) =>
  each.getAttribute("aria-label") === "${host}")?.querySelector(".badge").textContent`;

function startStage() {
  const stage = spawn(`${build}/tests/page/stage`, [],
    { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, UND_PAGE_TOKEN: token, CK_FORK: "no" } });
  const port = new Promise((done) => stage.stdout.on("data", (data) => {
    const said = /PORT (\d+)/.exec(data);
    if (said) done(Number(said[1]));
  }));
  return { stage, port, tell: (line) => stage.stdin.write(line + "\n") };
}

async function say(browser, fields) {
  await browser.run(`(() => { for (const [id, value] of Object.entries(${JSON.stringify(fields)})) {
    const field = document.getElementById(id); field.value = value;
    field.dispatchEvent(new Event("change")); }
    document.getElementById("act-said").textContent = "";
    document.querySelector("#act button").click(); })()`);
  await browser.until("document.getElementById('act-said').textContent !== ''", "an answer to a word");
  return browser.run("document.getElementById('act-said').textContent");
}

// Contrast of every text against what is behind it (WCAG 2.1 AA: 4.5, of large text 3).
const contrast = `(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const back = (each) => { for (; each; each = each.parentElement) {
    const color = parse(getComputedStyle(each).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color; } return [255, 255, 255]; };
  const bad = [];
  for (const each of document.querySelectorAll("body *")) {
    if (!each.offsetParent || ![...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
      continue;
    const a = light(parse(getComputedStyle(each).color)), b = light(back(each));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(each.tagName + " " + each.textContent.slice(0, 30) + " " + ratio.toFixed(2));
  }
  return bad.join("; ");
})()`;

async function checkAccess(browser) {
  for (const scheme of ["light", "dark"]) {
    await browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const bad = await browser.run(contrast);
    check(bad === "", `contrast, ${scheme}: ${bad}`);
  }
  const { nodes } = await browser.send("Accessibility.getFullAXTree");
  const unnamed = nodes.filter((node) => !node.ignored &&
    ["button", "textbox", "combobox", "link"].includes(node.role?.value) && !node.name?.value);
  check(unnamed.length === 0, `${unnamed.length} controls have no name for a screen reader`);
  const reached = new Set();
  await browser.run("document.body.focus()");
  for (let i = 0; i < 40; i++) {
    for (const type of ["keyDown", "keyUp"])
      await browser.send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
    reached.add(await browser.run("document.activeElement.id || document.activeElement.tagName"));
  }
  for (const id of ["act-word", "act-lasts", "act-who", "act-why", "act-token", "BUTTON", "SUMMARY"])
    check(reached.has(id), `the keyboard does not reach ${id}: ${[...reached]}`);
}

async function play(browser, stage, port) {
  await browser.open(`http://127.0.0.1:${port}/`);
  await browser.until(`${phase("big")} === "serving"`, "big serves");
  await browser.lookEverywhere("well");
  stage.tell("break");
  await browser.until(`${phase("big")} === "suspect"`, "big is suspect");
  check(await browser.run("document.querySelector('[data-timer]')?.textContent !== ''"), "a timer runs");
  await browser.until(`${phase("big")} === "drained"`, "big is drained");
  await browser.until("document.querySelector('#incidents .bad')?.textContent === 'open'", "its incident is open");
  await browser.until("document.getElementById('announce').textContent.includes('big is')", "it is announced");
  await browser.run("document.querySelector('#incidents details').open = true");
  await browser.until("document.querySelector('#plot svg title')?.textContent === 'Queue and slots'", "the plot is drawn");
  await browser.until("document.querySelector('#plot svg').textContent.includes('big')", "the incident is marked in it");
  await browser.lookEverywhere("incident");
  check(await browser.run("document.querySelector('#incidents details').open"), "what was opened stays open");
  await checkAccess(browser);
  stage.tell("deaf");
  await browser.until("!document.getElementById('banner').hidden", "blindness is said");
  await browser.look("blind", 1280, "light");
  stage.tell("hear");
  stage.tell("mend");
  await browser.until(`${phase("big")} === "ramping"`, "big ramps");
  await browser.until(`${phase("big")} === "serving"`, "big serves again");
  await browser.until("document.querySelector('#incidents .good')?.textContent === 'over'", "the incident is over");
  stage.tell("strand");
  await browser.until("document.querySelector('#queue td')?.textContent === 'build'", "the stranded job is named");
  await browser.look("stranded", 390, "dark");
}

async function act(browser) {
  const who = { "act-who": "Ada", "act-why": "disk <b>swap</b>", "act-lasts": "1h" };
  check((await say(browser, { ...who, "act-word": "pause", "act-token": "wrong" })).includes("token is missing or wrong"),
    "a wrong token is refused");
  check((await say(browser, { ...who, "act-word": "pause", "act-token": token, "act-lasts": "ever" })).startsWith("Refused: lasts"),
    "a wrong duration is refused");
  check((await say(browser, { ...who, "act-word": "pause", "act-token": token })).startsWith("Done"), "pause");
  await browser.until("document.getElementById('banner').textContent.includes('Ada: disk <b>swap</b>')", "the pause is shown as text");
  await say(browser, { ...who, "act-word": "pause", "act-lasts": "0s", "act-token": token });
  await browser.until("document.getElementById('banner').hidden", "the pause is taken back");
  for (const word of ["maintenance", "downtime", "acknowledge"])
    check((await say(browser, { ...who, "act-word": word, "act-host": "big", "act-token": token })).startsWith("Done"), word);
  await browser.until(`${phase("big")} === "maintenance"`, "maintenance drains");
  await browser.lookEverywhere("maintenance");
}

async function main() {
  setTimeout(() => { console.log("drive.js: took too long"); process.exit(1); }, 180000).unref();
  fs.rmSync(shots, { recursive: true, force: true });
  fs.mkdirSync(shots, { recursive: true });
  const stage = startStage();
  const browser = new Browser();
  try {
    await play(browser, stage, await stage.port);
    await act(browser);
    stage.tell("quit");
    await browser.until("document.getElementById('link').textContent.includes('lost')", "a lost connection is said");
    const said = browser.said.filter((line) => !/status of 4|ERR_|Failed to fetch/.test(line));
    check(said.length === 0, `the browser complains: ${said.join("\n")}`);
  } finally {
    stage.tell("quit");
    browser.process.kill();
  }
  console.log(`${Math.floor(100 * (checks - failures) / checks)}%: Checks: ${checks}, Failures: ${failures}, Errors: 0`);
  process.exit(failures > 0 ? 1 : 0);
}

main().catch((error) => { console.log(error); process.exit(1); });
