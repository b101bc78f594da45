// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"net/http"
)

// allowedMethods are those of every endpoint.
const allowedMethods = "GET, HEAD, OPTIONS, POST"

// errorEnvelope is the answer to a request that failed. Clients of Loki read message or the body as it is, those of
// Prometheus errorType and error: it is for both.
type errorEnvelope struct {
	Status    string `json:"status"`
	ErrorType string `json:"errorType"`
	Error     string `json:"error"`
	Code      int    `json:"code"`
	Message   string `json:"message"`
}

func failure(status int, text string) answer {
	return answer{json: errorEnvelope{Status: "error", ErrorType: errorType(status), Error: text, Code: status, Message: text}}
}

// invalidQuery is the mistake of a query that was to be formatted: Loki says so in the status.
type invalidQuery struct{ error }

func (e *invalidQuery) Unwrap() error { return e.error }

// failed is the answer to a request that ended with an error.
func failed(status int, text string, err error) answer {
	ans := failure(status, text)
	if bad := (*invalidQuery)(nil); errors.As(err, &bad) {
		e := ans.json.(errorEnvelope)
		e.Status = "invalid-query"
		ans.json = e
	}
	return ans
}

// errorType names a status as Prometheus' API does.
func errorType(status int) string {
	switch status {
	case http.StatusNotFound:
		return "not_found"
	case statusClientClosedRequest:
		return "canceled"
	case http.StatusGatewayTimeout:
		return "timeout"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "unavailable"
	}
	if status >= http.StatusInternalServerError {
		return "internal"
	}
	return "bad_data"
}

// otherMethod answers requests that neither ask nor send a form.
func (a *archiveQuery) otherMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", allowedMethods)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.write(w, r, http.StatusMethodNotAllowed, failure(http.StatusMethodNotAllowed, "method "+r.Method+" is not allowed: use GET or POST"))
}
