// Asks STS who it is, as a program of the SDK for Go v2 does that sets nothing.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.TODO())
	if err == nil {
		client := sts.NewFromConfig(settings, func(options *sts.Options) {
			options.EndpointResolver = sts.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL"))
		})
		var who *sts.GetCallerIdentityOutput
		if who, err = client.GetCallerIdentity(context.TODO(), nil); err == nil {
			fmt.Println(*who.Account)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
