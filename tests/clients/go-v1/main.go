// Asks STS who it is, as a program of the SDK for Go v1 does that sets nothing.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sts"
)

func main() {
	made, err := session.NewSession(&aws.Config{Endpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL"))})
	if err == nil {
		var who *sts.GetCallerIdentityOutput
		if who, err = sts.New(made).GetCallerIdentity(nil); err == nil {
			fmt.Println(*who.Account)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
