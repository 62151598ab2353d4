// A server of another vendor's stack (node-opcua): signed and encrypted, with tags that count.
// usage: node node_server.js '{"port": 48010, "tags": 200, "everyMs": 10, "pki": FOLDER}' PACKAGES
// Prints one line of JSON when it listens; counts from the first byte on standard input on.
"use strict";
const path = require("path");
const { port, tags, everyMs, pki } = JSON.parse(process.argv[2]);
const opcua = require(path.join(process.argv[3], "node_modules", "node-opcua"));

const MOST_STEPS_AT_ONCE = 20;

async function main() {
  const server = new opcua.OPCUAServer({
    port, resourcePath: "/counting", allowAnonymous: true,
    serverCertificateManager: new opcua.OPCUACertificateManager({
      rootFolder: pki, automaticallyAcceptUnknownCertificate: true,
    }),
    securityModes: [opcua.MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [
      opcua.SecurityPolicy.Basic256Sha256, opcua.SecurityPolicy.Aes128_Sha256_RsaOaep,
      opcua.SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    serverCapabilities: new opcua.ServerCapabilities({
      minSupportedSampleRate: 0, // else it merges what changes within 100 ms, and says so
      maxMonitoredItems: 200000, maxMonitoredItemsPerSubscription: 100000,
      operationLimits: { maxMonitoredItemsPerCall: 500, maxNodesPerRead: 500 },
    }),
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const own = space.getOwnNamespace();
  const plant = own.addObject({ browseName: "Plant", organizedBy: space.rootFolder.objects });
  const variables = [];
  for (let n = 0; n < tags; n++) {
    variables.push(own.addVariable({
      browseName: `tag${n}`, nodeId: `s=tag${n}`, componentOf: plant, dataType: "Double",
      minimumSamplingInterval: 0, value: { dataType: opcua.DataType.Double, value: 0 },
    }));
  }
  await server.start();
  let count = 0;
  let begun = 0;
  function tick() {
    // By the clock, so that the rate holds although a timer is late.
    const due = Math.floor((Date.now() - begun) / everyMs);
    if (due - count > 1000 / everyMs + MOST_STEPS_AT_ONCE) { begun += (due - count) * everyMs; }
    for (let steps = 0; count < due && steps < MOST_STEPS_AT_ONCE; steps++) {
      count += 1;
      const now = new Date();
      for (const variable of variables) {
        const value = { dataType: opcua.DataType.Double, value: count };
        variable.setValueFromSource(value, opcua.StatusCodes.Good, now);
      }
    }
    setTimeout(tick, Math.min(everyMs, 5));
  }
  process.on("SIGTERM", async () => { await server.shutdown(0); process.exit(0); });
  console.log(JSON.stringify({ uri: own.namespaceUri, endpoint: server.getEndpointUrl() }));
  process.stdin.once("data", () => { begun = Date.now(); tick(); });
}

main().catch((error) => { console.error(error); process.exit(1); });
