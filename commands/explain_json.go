package commands

import (
	"cachering/commands/internal/explain"
	"cachering/commands/internal/library"
	"cachering/commands/internal/ui"
)

// explained is what explain prints under --json.
type explained struct {
	address
	Verdict string  `json:"verdict"`
	Cause   *string `json:"cause"`
	Visible *bool   `json:"visible"` // null: not known
	Certain bool    `json:"certain"`
	Summary string  `json:"summary"`
	Reason  string  `json:"reason"`
	Next    string  `json:"next"`
	Scanned bool    `json:"scanned"`

	Servers   []explainedServer `json:"servers"` // home first, then what else is read
	Copies    []traceDocument   `json:"copies"`
	Markers   []traceDocument   `json:"markers"`
	Locks     []traceDocument   `json:"locks"`
	Versions  []traceDocument   `json:"versions"`
	Renamed   []traceDocument   `json:"renamed"`
	Prefixes  []traceDocument   `json:"prefixes"`
	Databases []traceDocument   `json:"databases"`
	Near      []traceDocument   `json:"near"`
	More      int64             `json:"more"` // found by the scan and not listed
	Fits      []fitDocument     `json:"fits"`
	Notes     []string          `json:"notes"`

	Unanswered []string `json:"unanswered"`
}

// explainedServer is what a server that the key depends on tells of itself.
type explainedServer struct {
	Shard      string   `json:"shard"`
	Roles      []string `json:"roles"` // home, read
	Kind       string   `json:"kind"`
	Version    string   `json:"version"`
	Replica    *bool    `json:"replica"`
	MaxMemory  int64    `json:"maxmemory"`
	UsedMemory int64    `json:"used_memory"`
	Policy     string   `json:"maxmemory_policy"`
	Evicted    int64    `json:"evicted_keys"`
	Expired    int64    `json:"expired_keys"`
	UptimeMS   int64    `json:"uptime_ms"`
	LinkUp     *bool    `json:"link_up"`      // of a replica, to its master
	Behind     *int64   `json:"behind_bytes"` // of a replica, behind the home
	// Replicas are those that a master knows of.
	Replicas []replicaDocument `json:"replicas"`
}

type replicaDocument struct {
	Addr   string `json:"addr"`
	Online bool   `json:"online"`
	Behind int64  `json:"behind_bytes"`
	LagMS  int64  `json:"lag_ms"` // since it last answered
}

// traceDocument is one stored key somewhere.
type traceDocument struct {
	Stored  ui.Bytes  `json:"stored_key"`
	Shard   string    `json:"shard"`
	DB      int       `json:"db"`
	Home    bool      `json:"at_home"`
	Found   bool      `json:"found"`
	Expired bool      `json:"expired"` // and not yet removed
	Type    *string   `json:"type"`
	TTL     *int64    `json:"ttl_ms"`
	Bytes   *int64    `json:"bytes"`
	Version *string   `json:"version,omitempty"`
	Prefix  *ui.Bytes `json:"prefix,omitempty"`
	Cache   string    `json:"cache,omitempty"` // of the file, whose it is
	Codec   *string   `json:"codec,omitempty"`
	Decodes *bool     `json:"decodes,omitempty"` // by the configured application
	Problem *string   `json:"problem,omitempty"`
}

// fitDocument is one way in which a key may have come where it is.
type fitDocument struct {
	Cause    string `json:"cause"`
	Ring     string `json:"ring"`
	From     string `json:"release_from"`
	To       string `json:"release_to"`
	Location string `json:"location,omitempty"`
	Python   string `json:"python,omitempty"`
	Without  string `json:"without,omitempty"`
	Explains int64  `json:"explains"` // of the sampled keys that are astray
	Astray   int64  `json:"astray"`
}

// explainedDocument is what is said of a key, with the next command, for JSON. With stored
// the key was named as Redis holds it.
func explainedDocument(e *explain.Evidence, c *explain.Conclusion, next string) *explained {
	doc := &explained{
		address: address{ui.Bytes(e.Arg), ui.Bytes(e.Stored), e.Shards[e.Home]},
		Verdict: string(c.Verdict), Certain: !c.Likely, Summary: c.Summary, Reason: c.Reason, Next: next,
		Scanned: e.Scanned, More: e.More, Notes: explain.Notes(e, c), Unanswered: []string{},
		Servers: []explainedServer{}, Fits: []fitDocument{},
		Copies: traces(e, e.Found()), Markers: traces(e, e.Markers), Locks: traces(e, e.Locks), Versions: traces(e, e.Versions),
		Renamed: traces(e, e.Renamed), Prefixes: traces(e, e.Prefixes), Databases: traces(e, e.Databases), Near: traces(e, e.Near),
	}
	if e.Raw && e.Named {
		doc.Key = ui.Bytes(e.Key)
	}
	if c.Cause != "" {
		doc.Cause = &c.Cause
	}
	if c.Verdict != explain.Unreachable {
		visible := c.Verdict == explain.Visible
		doc.Visible = &visible
	} else {
		doc.Certain = false
	}
	for _, i := range e.Concerned() {
		doc.Servers = append(doc.Servers, explainServer(e, i))
	}
	for _, f := range e.Fits {
		_, span := library.OfRing(f.Ring)
		doc.Fits = append(doc.Fits, fitDocument{string(f.Cause), string(f.Ring), span.From, span.To, f.Location, string(f.Python), f.Without, f.Explains, f.Astray})
	}
	for i, err := range e.Down {
		if err != nil {
			doc.Unanswered = append(doc.Unanswered, e.Shards[i])
		}
	}
	return doc
}

func explainServer(e *explain.Evidence, i int) explainedServer {
	d := explainedServer{Shard: e.Shards[i], Roles: e.Roles(i), Replicas: []replicaDocument{}}
	info := e.Servers[i]
	if info == nil || info.Refused != nil {
		return d
	}
	d.Kind, d.Version, d.Replica = info.Kind, info.Version, &info.Replica
	d.MaxMemory, d.UsedMemory, d.Policy = info.MaxMemory, info.UsedMemory, info.Policy
	d.Evicted, d.Expired, d.UptimeMS = info.Evicted, info.Expired, info.Uptime.Milliseconds()
	for _, r := range info.Replicas {
		d.Replicas = append(d.Replicas, replicaDocument{r.Addr, r.Online, max(0, info.Offset-r.Offset), r.Lag.Milliseconds()})
	}
	if !info.Replica {
		return d
	}
	d.LinkUp = &info.LinkUp
	if master := e.Servers[e.Home]; master != nil && i != e.Home {
		if n, ok := explain.Behind(info, master); ok {
			d.Behind = &n
		}
	}
	return d
}

func traces(e *explain.Evidence, list []explain.Trace) []traceDocument {
	docs := []traceDocument{}
	for _, t := range list {
		d := traceDocument{Stored: ui.Bytes(t.Stored), Shard: e.Shards[t.On], DB: t.DB, Home: t.Home, Found: t.Found(), Expired: t.Expired,
			TTL: milliseconds(t.TTL), Cache: t.Cache}
		if t.Found() {
			d.Type = &t.Type
		}
		if t.Type == "string" {
			d.Bytes = &t.Bytes
		}
		if t.Version != "" {
			d.Version = &t.Version
			prefix := ui.Bytes(t.Prefix)
			d.Prefix = &prefix
		}
		if v := t.Value; v != nil && !v.Large {
			reads := v.Fault == nil
			d.Decodes = &reads
			if v.Codec != "" {
				d.Codec = &v.Codec
			}
			if v.Fault != nil {
				d.Problem = &v.Fault.Why
			}
		}
		docs = append(docs, d)
	}
	return docs
}
