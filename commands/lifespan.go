package commands

import (
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// lifespan is a flag that holds a duration, none or default.
type lifespan struct {
	set, forever, configured bool
	after                    time.Duration
	text                     string // of after, as it was given
}

// Set implements flag.Value.
func (l *lifespan) Set(text string) error {
	*l = lifespan{set: true}
	switch text {
	case "none":
		l.forever = true
		return nil
	case "default":
		l.configured = true
		return nil
	}
	var err error
	l.after, err = config.ParseDuration(text)
	l.text = text
	return err
}

// check refuses what stores nothing. It is not done by Set because --compat
// takes it.
func (l *lifespan) check() error {
	if l.set && !l.forever && !l.configured && l.after < time.Millisecond {
		return usagef("--ttl: %s is not above zero: the shortest is 1ms", l.text)
	}
	return nil
}

func (l *lifespan) String() string {
	switch {
	case l.forever:
		return "none"
	case l.configured:
		return "default"
	case l.set:
		return l.after.String()
	}
	return ""
}

// of is how long an entry of this cache lives.
func (l *lifespan) of(cache *config.Cache) (time.Duration, error) {
	switch {
	case l.forever:
		return cluster.Forever, nil
	case l.set && !l.configured:
		return l.after, nil
	case cache.Timeout.Forever:
		return cluster.Forever, nil
	case cache.Timeout.After <= 0:
		return 0, usagef("the timeout of cache %s is %s, which stores nothing", cache.Alias, cache.Timeout).
			hinting("--ttl D or --ttl none")
	}
	return cache.Timeout.After, nil
}
