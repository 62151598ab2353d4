// A client of another vendor's stack (node-opcua): browses, reads and subscribes, signed and encrypted.
// usage: node node_client.js ENDPOINT CERTIFICATE KEY APPLICATION_URI USER PASSWORD FOLDER
"use strict";
const path = require("path");
const [endpoint, certificateFile, privateKeyFile, applicationUri, userName, password, folder] =
  process.argv.slice(2);
const modules = path.join(folder, "node_modules");
const opcua = require(path.join(modules, "node-opcua-client"));
const { OPCUACertificateManager } = require(path.join(modules, "node-opcua-certificate-manager"));

const WANTED = 20;
const NAMESPACE = "urn:linetwin:battery-line";

async function browse(session, node) {
  const found = await session.browse({
    nodeId: node, referenceTypeId: "HierarchicalReferences", includeSubtypes: true,
    browseDirection: opcua.BrowseDirection.Forward, resultMask: 63,
  });
  return found.references.map((each) => each.browseName.name);
}

async function subscribe(session, nodes) {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50, requestedMaxKeepAliveCount: 10, requestedLifetimeCount: 100,
    maxNotificationsPerPublish: 1000, publishingEnabled: true, priority: 1,
  });
  const seen = Object.fromEntries(nodes.map((node) => [node, []]));
  await new Promise((resolve) => {
    for (const node of nodes) {
      const item = opcua.ClientMonitoredItem.create(
        subscription, { nodeId: node, attributeId: opcua.AttributeIds.Value },
        { samplingInterval: 0, queueSize: 1000, discardOldest: true },
        opcua.TimestampsToReturn.Both);
      item.on("changed", (value) => {
        seen[node].push({
          value: value.value.value, status: value.statusCode.name,
          source: value.sourceTimestamp ? value.sourceTimestamp.getTime() : null,
        });
        if (nodes.every((each) => seen[each].length >= WANTED)) resolve();
      });
    }
  });
  await subscription.terminate();
  return seen;
}

async function main() {
  const client = opcua.OPCUAClient.create({
    applicationName: "node", applicationUri, certificateFile, privateKeyFile,
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: path.join(folder, "pki"), automaticallyAcceptUnknownCertificate: true,
    }),
    securityMode: opcua.MessageSecurityMode.SignAndEncrypt,
    securityPolicy: opcua.SecurityPolicy.Basic256Sha256,
    endpointMustExist: false, connectionStrategy: { maxRetry: 0 },
  });
  await client.connect(endpoint);
  const session = await client.createSession({
    type: opcua.UserTokenType.UserName, userName, password,
  });
  const index = (await session.readNamespaceArray()).indexOf(NAMESPACE);
  const name = (text) => `ns=${index};s=${text}`;
  const machines = await browse(session, name("line"));
  const folders = await browse(session, name("cathode.coater"));
  const units = await session.read({
    nodeId: name("cathode.coater/Measurements/loading/EngineeringUnits"),
    attributeId: opcua.AttributeIds.Value,
  });
  const nodes = ["line/Clock/line_time", "cathode.mixer/Energy/electric_energy"].map(name);
  const seen = Object.values(await subscribe(session, nodes));
  const written = await session.write({
    nodeId: name("cathode.coater/Setpoints/web_speed"), attributeId: opcua.AttributeIds.Value,
    value: { value: { dataType: opcua.DataType.Double, value: 1.0 } },
  });
  console.log(JSON.stringify({
    machines, folders, unit: units.value.value.unitId, seen, written: written.name,
  }));
  await session.close();
  await client.disconnect();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
