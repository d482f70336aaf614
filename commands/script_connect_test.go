package commands_test

import (
	"net"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"cachering/commands/internal/redistest"
)

// certs HOST… writes ca.pem, an authority, and what it signed: server.pem for
// the hosts and client.pem, each with its .key; and other.pem, an authority that
// signed neither. With -expired the time of server.pem is over.
func scriptCerts(ts *testscript.TestScript, neg bool, args []string) {
	t := worldOf(ts).t
	ca := redistest.AuthorityT(t, ts.MkAbs("."), "ca")
	if len(args) > 0 && args[0] == "-expired" {
		ca.IssueExpired("server", args[1:]...)
	} else {
		ca.Issue("server", args...)
	}
	ca.Issue("client")
	redistest.AuthorityT(t, ts.MkAbs("."), "other")
}

// proxy NAME SERVER stands at $NAME in front of a server.
func scriptProxy(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	p := redistest.ProxyT(w.t, w.server(ts, args[1]), nil)
	w.proxies[args[0]] = p
	ts.Setenv(args[0], p.Addr)
}

// liar NAME SERVER N TEXT stands at $NAME in front of a server, and puts TEXT in
// the place of the reply number N of every connection, from 0. TEXT may hold
// escapes as \r\n.
func scriptLiar(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + args[3] + `"`)
	ts.Check(err)
	p := redistest.LiarT(w.t, w.server(ts, args[1]), func(n int, reply []byte) *redistest.Lie {
		if n != at {
			return nil
		}
		return &redistest.Lie{Bytes: []byte(text)}
	})
	ts.Setenv(args[0], p.Addr)
}

// stall NAME lets nothing more through a proxy, in either direction; its
// connections stay open.
func scriptStall(ts *testscript.TestScript, neg bool, args []string) {
	p := worldOf(ts).proxies[args[0]]
	if p == nil {
		ts.Fatalf("no proxy %s", args[0])
	}
	p.Stall(true)
}

// portof NAME sets $NAME_PORT to the port of a server.
func scriptPortOf(ts *testscript.TestScript, neg bool, args []string) {
	_, port, err := net.SplitHostPort(worldOf(ts).server(ts, args[0]).Addr)
	ts.Check(err)
	ts.Setenv(args[0]+"_PORT", port)
}

// sentinel NAME SERVICE SERVER starts a sentinel, at $NAME, that watches over a
// server and its replicas, and fails over when it is told to.
func scriptSentinel(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	host, port, err := net.SplitHostPort(w.server(ts, args[2]).Addr)
	ts.Check(err)
	s := redistest.RunSentinelT(w.t, "sentinel monitor "+args[1]+" "+host+" "+port+" 1", "sentinel failover-timeout "+args[1]+" 10000")
	w.servers[args[0]] = s
	ts.Setenv(args[0], s.Addr)
}
