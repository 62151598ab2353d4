// Another vendor's broker (aedes) and gateway (mqtt.js): TLS, a user, a last will, tags that count.
// usage: node node_broker.js broker|counting|gateway '{"port": 8883, "cert": FILE, ...}' PACKAGES
// The role counting is a broker that hands on tags of its own.
// Prints one line of JSON when it listens, or is connected.
"use strict";
const fs = require("fs");
const path = require("path");
const tls = require("tls");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");
const [, , role, text, packages] = process.argv;
const about = JSON.parse(text);
const load = createRequire(path.join(packages, "node_modules", "x.js"));

// Give all tags the next number every `everyMs` on average, while `isOpen()`.
function count(isOpen, give) {
  let count = 0;
  let rest = 0;
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    rest = Math.min(rest + (now - last) / about.everyMs, 100);
    last = now;
    for (; rest >= 1; rest -= 1) {
      if (!isOpen() || count >= about.most) continue;
      count += 1;
      const message = JSON.stringify({ value: count, time: now });
      for (let tag = 0; tag < about.tags; tag += 1) give(`line/tag${tag}`, message);
    }
  }, 5);
}

async function broker() {
  const { Aedes } = await import(pathToFileURL(load.resolve("aedes")));
  const own = await Aedes.createBroker({ concurrency: 10000 });
  own.authenticate = (client, user, password, done) =>
    done(null, user === "twin" && String(password) === "secret");
  const pair = { key: fs.readFileSync(about.key), cert: fs.readFileSync(about.cert) };
  tls.createServer(pair, own.handle).listen(about.port, "127.0.0.1", () => console.log("{}"));
  if (role === "counting") {
    const packet = { cmd: "publish", qos: 1, retain: false, dup: false };
    const give = (topic, payload) => own.publish({ ...packet, topic, payload }, () => {});
    count(() => own.connectedClients > 0, give);
  }
}

function gateway() {
  const client = load("mqtt").connect(`mqtts://127.0.0.1:${about.port}`, {
    username: "twin", password: "secret", rejectUnauthorized: false,
    will: { topic: "line/status", payload: "offline", qos: 1, retain: true },
  });
  client.on("connect", () => {
    client.publish("line/status", "online", { qos: 1, retain: true });
    console.log("{}");
  });
  count(() => client.connected, (topic, message) => client.publish(topic, message, { qos: 1 }));
}

if (role === "gateway") gateway(); else broker();
