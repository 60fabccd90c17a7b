// Calls STS, in this one process, until the calls of each client that were answered have been signed
// with three sessions. A refused call ends it.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";

const clients = { own: new STSClient({}), chain: new STSClient({ credentials: fromNodeProviderChain() }) };
const used = {};
for (const [name, client] of Object.entries(clients)) {
  used[name] = new Set();
  const note = (next) => async (args) => {
    const answered = await next(args);
    used[name].add(/Credential=([^/]+)/.exec(args.request.headers.authorization)[1]);
    return answered;
  };
  client.middlewareStack.add(note, { step: "deserialize" });
}
while (Object.values(used).some((keys) => keys.size < 3)) {
  for (const [name, client] of Object.entries(clients)) {
    const { Arn } = await client.send(new GetCallerIdentityCommand({}));
    console.log(name, Arn);
  }
  await new Promise((done) => setTimeout(done, 200));
}
console.log("outlived two sessions");
