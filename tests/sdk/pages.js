// Lists the pages of a bucket at the address given, in this one process, with the SDK for JavaScript v2.
const { S3 } = require("aws-sdk");

const s3 = new S3({ endpoint: process.argv[2], s3ForcePathStyle: true });

async function list(token) {
  const page = await s3.listObjectsV2({ Bucket: "b", ContinuationToken: token }).promise();
  page.Contents.forEach(({ Key }) => console.log(Key));
  if (page.IsTruncated) await list(page.NextContinuationToken);
}

list().catch((failed) => {
  console.log(String(failed));
  process.exitCode = 1;
});
