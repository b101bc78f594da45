// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"github.com/logboom/logboom/archive"
)

// verdict is what a server's answer means.
type verdict int

const (
	verdictUnknown     verdict = iota // the network, a server in trouble, an ambiguous conflict: may pass
	verdictNotFound                   // there is no such object
	verdictExists                     // the object is there, and that is certain
	verdictBeyondEnd                  // the range begins behind the object's end
	verdictNoBucket                   // there is no such bucket
	verdictDenied                     // wrong credentials, or not allowed
	verdictUnsupported                // the server does not know what it was asked for
	verdictInvalid                    // the server knows and refuses what it was asked for: a class, a key, a region
)

// classify says what the answer behind an error of one of the clients means.
func classify(err error) verdict {
	if errors.Is(err, archive.ErrExists) {
		return verdictExists
	}
	var credentials *credentialsError
	if errors.As(err, &credentials) {
		if credentials.final {
			return verdictDenied
		}
		return verdictUnknown
	}
	if errors.Is(err, storage.ErrObjectNotExist) {
		return verdictNotFound
	}
	if errors.Is(err, storage.ErrBucketNotExist) {
		return verdictNoBucket
	}
	var google *googleapi.Error
	if errors.As(err, &google) {
		return classifyGCS(google)
	}
	var token *oauth2.RetrieveError // what Google's token service answers to a wrong or revoked key
	if errors.As(err, &token) && token.Response != nil && token.Response.StatusCode < http.StatusInternalServerError &&
		token.Response.StatusCode != http.StatusTooManyRequests && token.Response.StatusCode != http.StatusRequestTimeout {
		return verdictDenied
	}
	var azure *azcore.ResponseError
	if errors.As(err, &azure) {
		return classifyAzure(azure)
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return verdictDenied
	}
	return classifyS3(err)
}

// credentialsError is returned when there are no credentials, where no request has been made yet.
type credentialsError struct {
	hint  string // what to do
	final bool   // nothing answers later what does not answer now
	err   error
}

func (e *credentialsError) Error() string { return e.hint + ": " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// unanswered reports whether a request was sent, in part at least, and got no answer of the server's own.
func unanswered(err error) bool {
	if status := statusCode(err); status != 0 {
		return status == http.StatusBadGateway || status == http.StatusGatewayTimeout // a proxy's
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Op != "dial"
	}
	var request *url.Error
	return errors.As(err, &request)
}

// statusCode returns the status of the answer behind an error of one of the clients; 0 without one.
func statusCode(err error) int {
	var azure *azcore.ResponseError
	var google *googleapi.Error
	var s3 interface {
		error
		HTTPStatusCode() int
	}
	switch {
	case errors.As(err, &azure):
		return azure.StatusCode
	case errors.As(err, &google):
		return google.Code
	case errors.As(err, &s3):
		return s3.HTTPStatusCode()
	}
	return 0
}

func classifyS3(err error) verdict {
	status, code := statusCode(err), ""
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch code {
	case "NoSuchBucket", "InvalidBucketName":
		return verdictNoBucket
	case "InvalidToken", "ExpiredToken": // which come as 400, too
		return verdictDenied
	case "RequestTimeTooSkewed", "RequestExpired": // the client sets its clock by the answer
		return verdictUnknown
	case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", // another region
		"InvalidStorageClass", "InvalidArgument", "InvalidEncryptionAlgorithmError", "KMS.NotFoundException", "KMS.DisabledException":
		return verdictInvalid
	case "NotImplemented":
		return verdictUnsupported
	}
	switch status {
	case http.StatusNotFound:
		switch code {
		case "NoSuchKey", "NotFound", "UnknownError", "": // without a body, there is no code
			return verdictNotFound
		}
		return verdictNoBucket
	case http.StatusPreconditionFailed:
		return verdictExists
	case http.StatusRequestedRangeNotSatisfiable:
		return verdictBeyondEnd
	case http.StatusUnauthorized, http.StatusForbidden:
		return verdictDenied
	case http.StatusNotImplemented:
		return verdictUnsupported
	case http.StatusMovedPermanently, http.StatusMethodNotAllowed: // another region, or not an S3 server
		return verdictInvalid
	}
	return verdictUnknown
}

func classifyGCS(err *googleapi.Error) verdict {
	switch err.Code {
	case http.StatusNotFound: // of an object it is ErrObjectNotExist
		return verdictNoBucket
	case http.StatusPreconditionFailed:
		return verdictExists
	case http.StatusRequestedRangeNotSatisfiable:
		return verdictBeyondEnd
	case http.StatusUnauthorized, http.StatusForbidden:
		return verdictDenied
	case http.StatusNotImplemented:
		return verdictUnsupported
	case http.StatusBadRequest:
		return verdictInvalid
	}
	return verdictUnknown
}

func classifyAzure(err *azcore.ResponseError) verdict {
	switch bloberror.Code(err.ErrorCode) {
	case bloberror.BlobNotFound:
		return verdictNotFound
	case bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.TargetConditionNotMet:
		return verdictExists
	case bloberror.InvalidResourceName:
		return verdictNoBucket
	case bloberror.InvalidBlockList, bloberror.InvalidBlobOrBlock: // another creation of the blob has thrown the blocks away
		return verdictUnknown
	}
	switch err.StatusCode {
	case http.StatusNotFound: // the container, or the account
		return verdictNoBucket
	case http.StatusRequestedRangeNotSatisfiable:
		return verdictBeyondEnd
	case http.StatusUnauthorized, http.StatusForbidden:
		return verdictDenied
	case http.StatusNotImplemented:
		return verdictUnsupported
	case http.StatusBadRequest:
		return verdictInvalid
	}
	return verdictUnknown
}

// opError is an error with a text that is fit to be shown: one line, of bounded length, without what URLs carry behind
// their question mark (signatures, upload ids). The error behind it is for errors.Is and errors.As.
type opError struct {
	text string
	err  error
}

func (e *opError) Error() string { return e.text }
func (e *opError) Unwrap() error { return e.err }

// maxErrorText bounds the text of an error, in bytes: servers answer with whole pages.
const maxErrorText = 500

var (
	urlQuery = regexp.MustCompile(`\?[^\s"'<>]+`)
	ruler    = regexp.MustCompile(`-{10,}`)
)

// describe returns the text of an error of one of the clients, fit to be shown.
func describe(err error) string {
	text := err.Error()
	var azure *azcore.ResponseError
	var api smithy.APIError
	var google *googleapi.Error
	var token *oauth2.RetrieveError
	var credentials *credentialsError
	var request *url.Error
	switch {
	case errors.As(err, &credentials):
		text = credentials.Error()
	case errors.As(err, &azure):
		id := ""
		if azure.RawResponse != nil {
			id = azure.RawResponse.Header.Get("x-ms-request-id")
		}
		text = answered(azure.StatusCode, azure.ErrorCode, "", id)
	case errors.As(err, &token): // without the body, which is the token service's
		text = fmt.Sprintf("get a token: %s %s", statusOf(token.Response), token.ErrorCode)
	case errors.As(err, &google):
		text = answered(google.Code, "", google.Message, "")
	case errors.As(err, &api):
		status, id := 0, ""
		var response *awshttp.ResponseError
		if errors.As(err, &response) {
			status, id = response.HTTPStatusCode(), response.ServiceRequestID()
		}
		text = answered(status, api.ErrorCode(), api.ErrorMessage(), id)
	case errors.As(err, &request): // what the clients say around it, says the caller better
		text = request.Error()
	}
	text = ruler.ReplaceAllString(urlQuery.ReplaceAllString(text, "?…"), "")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + "…"
	}
	return text
}

// answered words what a server said; all but the status may be empty.
func answered(status int, code, message, request string) string {
	text := fmt.Sprintf("the server answered %d", status)
	if code != "" {
		text += " " + code
	}
	if message != "" {
		text += ": " + message
	}
	if request != "" {
		text += " (request " + request + ")"
	}
	return text
}

func statusOf(r *http.Response) string {
	if r == nil {
		return "no answer"
	}
	return r.Status
}
