// Asks STS who it is, as a program of the SDK for JavaScript v3 does that sets nothing.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account);
