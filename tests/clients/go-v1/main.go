// A program of the SDK for Go v1 that sets nothing: asks STS who it is, or with the address of a
// server lists the pages of its bucket.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/s3"
	"github.com/aws/aws-sdk-go/service/sts"
)

func who() error {
	made, err := session.NewSession(&aws.Config{Endpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL"))})
	if err != nil {
		return err
	}
	said, err := sts.New(made).GetCallerIdentity(nil)
	if err == nil {
		fmt.Println(*said.Account)
	}
	return err
}

func list(url string) error {
	made, err := session.NewSession(&aws.Config{
		Endpoint:         aws.String(url),
		S3ForcePathStyle: aws.Bool(true),
	})
	if err != nil {
		return err
	}
	bucket := &s3.ListObjectsV2Input{Bucket: aws.String("b")}
	return s3.New(made).ListObjectsV2Pages(bucket, func(page *s3.ListObjectsV2Output, _ bool) bool {
		for _, object := range page.Contents {
			fmt.Println(*object.Key)
		}
		return true
	})
}

func main() {
	var err error
	if len(os.Args) > 1 {
		err = list(os.Args[1])
	} else {
		err = who()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
