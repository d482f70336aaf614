package commands

import (
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/reader"
)

// readAs looks at a stored value as the configured application would.
func readAs(cache *config.Cache, stored string, data []byte, now time.Time) *value {
	r := reader.Of(cache, []byte(stored), data)
	out := &value{bytes: data, codec: r.Form.String()}
	if r.Cause == reader.LockToken {
		out.codec = r.String()
	}
	if r.Cause != reader.Read {
		out.fault = &fault{string(r.Cause), r.Why}
	}
	if v := r.Value; v != nil && cache.Herd {
		if _, deadline, ok := v.Graph.Herd(v.Root); ok {
			out.late = max(0, time.Duration(now.Unix()-deadline)*time.Second)
		}
	}
	return out
}
