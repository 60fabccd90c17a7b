// Asks STS who it is, as a program of the SDK for JavaScript v2 does that sets nothing.
const { STS } = require("aws-sdk");

new STS({ endpoint: process.env.AWS_ENDPOINT_URL }).getCallerIdentity({}, (failed, who) => {
  console.log(failed ? String(failed) : who.Account);
  process.exitCode = failed ? 1 : 0;
});
