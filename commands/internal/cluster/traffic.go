package cluster

import "sync/atomic"

// Traffic is what went over connections to a server.
type Traffic struct {
	Commands int64 // that were sent, logins included; what a script calls is not
	Sent     int64 // bytes to the server, TLS taken off
	Received int64 // bytes from it
}

// Add adds another count.
func (t *Traffic) Add(o Traffic) {
	t.Commands += o.Commands
	t.Sent += o.Sent
	t.Received += o.Received
}

// Less is what came after another count.
func (t Traffic) Less(o Traffic) Traffic {
	return Traffic{t.Commands - o.Commands, t.Sent - o.Sent, t.Received - o.Received}
}

// trafficSum is the traffic of all connections to a shard.
type trafficSum struct{ commands, sent, received atomic.Int64 }

func (s *trafficSum) add(t Traffic) {
	s.commands.Add(t.Commands)
	s.sent.Add(t.Sent)
	s.received.Add(t.Received)
}

// Traffic is that of the connection. It is for who uses the connection.
func (c *Conn) Traffic() Traffic { return c.traffic }

// Traffic is that of all connections to the shard so far.
func (s *Shard) Traffic() Traffic {
	return Traffic{s.traffic.commands.Load(), s.traffic.sent.Load(), s.traffic.received.Load()}
}
