// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// sessionName is what the logs of the role's owner show.
const sessionName = "logboom"

func openS3(ctx context.Context, l location, c Config) (*clients, error) {
	cfg, err := s3Config(ctx, c)
	if err != nil {
		return nil, err
	}
	roots, err := authorities(c.CAFile)
	if err != nil {
		return nil, err
	}
	if build, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // knows AWS_CA_BUNDLE
		// Not the SDK's client around it, whose time-out of reads also runs while a body is written.
		cfg.HTTPClient = &http.Client{Transport: tune(build.GetTransport(), roots), CheckRedirect: redirect}
	}
	client := func(r aws.Retryer) *s3.Client {
		return s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.Retryer, o.RetryMaxAttempts = r, 0
			o.UsePathStyle = c.PathStyle
			if c.Endpoint != "" {
				o.BaseEndpoint = aws.String(c.Endpoint)
				// Servers other than Amazon's know the newer checksums in part only.
				o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
				o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
			}
		})
	}
	opts := &s3blob.Options{}
	if c.Endpoint != "" {
		opts.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}
	switch c.ServerSideEncryption.Type {
	case encryptionAES256:
		opts.EncryptionType = types.ServerSideEncryptionAes256
	case encryptionKMS:
		opts.EncryptionType = types.ServerSideEncryptionAwsKms
		opts.KMSEncryptionID = c.ServerSideEncryption.KMSKeyID
	}
	out := &clients{}
	if idle, ok := cfg.HTTPClient.(interface{ CloseIdleConnections() }); ok {
		out.closeIdle = idle.CloseIdleConnections
	}
	patient := retry.AddWithMaxBackoffDelay(retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = readAttempts }), longestPause)
	if out.read, err = s3blob.OpenBucket(ctx, client(patient), l.host, opts); err != nil {
		return nil, err
	}
	once := client(aws.NopRetryer{})
	if out.write, err = s3blob.OpenBucket(ctx, once, l.host, opts); err != nil {
		return nil, err
	}
	out.put = func(ctx context.Context, key string, body []byte) error {
		in := &s3.PutObjectInput{
			Bucket: aws.String(l.host), Key: aws.String(key), Body: bytes.NewReader(body), IfNoneMatch: aws.String("*"),
			ContentType: aws.String(contentType), ServerSideEncryption: opts.EncryptionType,
		}
		if opts.KMSEncryptionID != "" {
			in.SSEKMSKeyId = aws.String(opts.KMSEncryptionID)
		}
		if len(body) >= smallObject {
			in.StorageClass = types.StorageClass(c.StorageClass)
		}
		_, err := once.PutObject(ctx, in)
		return err
	}
	out.options = func(size int, o *blob.WriterOptions) {
		o.MaxConcurrency = uploadParts // of 8 MiB
		if c.StorageClass != "" && size >= smallObject {
			o.BeforeWrite = func(as func(any) bool) error {
				var in *transfermanager.UploadObjectInput
				if !as(&in) {
					return errors.New("storage_class cannot be set")
				}
				in.StorageClass = tmtypes.StorageClass(c.StorageClass)
				return nil
			}
		}
	}
	return out, nil
}

// s3Config finds region and credentials.
func s3Config(ctx context.Context, c Config) (aws.Config, error) {
	var opts []func(*awsconfig.LoadOptions) error
	if c.Region != "" {
		opts = append(opts, awsconfig.WithRegion(c.Region))
	} else if c.Endpoint != "" {
		opts = append(opts, awsconfig.WithDefaultRegion("us-east-1"))
	}
	switch {
	case c.AccessKeyID != "":
		opts = append(opts, awsconfig.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKeyID, string(c.SecretAccessKey), "")))
	case c.CredentialsFile != "":
		// A named profile that is not there is an error, where an unnamed one would be passed over.
		opts = append(opts, awsconfig.WithSharedCredentialsFiles([]string{c.CredentialsFile}),
			awsconfig.WithSharedConfigProfile(cmp.Or(c.Profile, "default")))
	case c.Profile != "":
		opts = append(opts, awsconfig.WithSharedConfigProfile(c.Profile))
	}
	// Off Amazon's machines the instance metadata cannot answer, and waiting for it only hides that there are no credentials.
	metadata := c.RoleARN != "" || c.Endpoint == "" || amazon(c.Endpoint)
	if !metadata {
		opts = append(opts, awsconfig.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		if c.CredentialsFile != "" {
			return aws.Config{}, fmt.Errorf("read credentials_file: %w", err)
		}
		return aws.Config{}, err
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("region must be set, or AWS_REGION in the environment")
	}
	if c.AccessKeyID == "" {
		cfg.Credentials = explained{cfg.Credentials, !metadata}
	}
	if c.RoleARN != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), c.RoleARN,
			func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = sessionName
				if c.ExternalID != "" {
					o.ExternalID = aws.String(c.ExternalID)
				}
			}))
	}
	return cfg, nil
}

// redirect follows a redirect that keeps the method; S3's others mean another region, which is for the caller.
func redirect(r *http.Request, via []*http.Request) error {
	status := r.Response.StatusCode
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect || len(via) >= 10 {
		return http.ErrUseLastResponse
	}
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("X-Amz-Security-Token")
	}
	return nil
}

// amazon reports whether an endpoint is one of Amazon's own, private ones included.
func amazon(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn") || strings.HasSuffix(host, ".api.aws")
}

// explained says what to do where the default chain finds no credentials.
type explained struct {
	aws.CredentialsProvider
	final bool // nothing in the chain answers later what it does not answer now
}

func (e explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := e.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &credentialsError{hint: "no S3 credentials found: set access_key_id and secret_access_key, or credentials_file, or " +
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment", final: e.final, err: err}
	}
	return got, err
}
