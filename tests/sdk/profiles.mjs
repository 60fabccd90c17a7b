// What the SDK makes of the AWS files in many folders: their sections, and the keys of each profile.
import { readFileSync } from "node:fs";
import { fromIni } from "@aws-sdk/credential-providers";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";

const answers = [];
for (const folder of JSON.parse(readFileSync(0, "utf8"))) {
  const files = { filepath: `${folder}/credentials`, configFilepath: `${folder}/config` };
  const { configFile, credentialsFile } = await loadSharedConfigFiles(files);
  const keys = {};
  for (const profile of new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)])) {
    try {
      const found = await fromIni({ ...files, profile })();
      keys[profile] = [found.accessKeyId, found.secretAccessKey, found.sessionToken ?? null, found.accountId ?? null];
    } catch (error) {
      keys[profile] = error.name;
    }
  }
  answers.push({ config: configFile, credentials: credentialsFile, keys });
}
console.log(JSON.stringify(answers));
