// Calls STS, in this one process, until each client has used three sessions. A refused call ends it.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";

const clients = { own: new STSClient({}), chain: new STSClient({ credentials: fromNodeProviderChain() }) };
const used = Object.fromEntries(Object.keys(clients).map((name) => [name, new Set()]));
while (Object.values(used).some((keys) => keys.size < 3)) {
  for (const [name, client] of Object.entries(clients)) {
    const { Arn } = await client.send(new GetCallerIdentityCommand({}));
    console.log(name, Arn);
    used[name].add((await client.config.credentials()).accessKeyId);
  }
  await new Promise((done) => setTimeout(done, 200));
}
console.log("outlived two sessions");
