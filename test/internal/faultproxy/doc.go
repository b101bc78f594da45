// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package faultproxy is an HTTP proxy in front of an object store that does to requests what networks, load balancers and
// busy servers do: it refuses, cuts, delays, repeats and reorders them, and delivers some long after their sender has died.
//
// It never weakens the store: every request that reaches the server is one that the client sent, whole or cut off, and
// what the server answers to a conditional write is what the client gets, or nothing. In particular a 412 always means that
// the object is there, though it may be this very client's doing.
//
//	proxy := faultproxy.Start(t, faultproxy.Options{Target: s3.Endpoint, Seed: seed})
//	proxy.Set(0.2)                                  // a fifth of the requests meets a fault, all kinds in turn
//	late := proxy.Catch(func(r *faultproxy.Request) bool { return r.Write() })
//	<-late.Held()                                   // a write is kept; its sender waits
//	gateway.Kill()
//	gateway.Restart()
//	status := late.Land()                           // only now it reaches the server
package faultproxy
