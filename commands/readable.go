package commands

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cachering/codec"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
)

// readAs looks at a stored value as the configured application would: with its
// Python, its serializer and its compressor, where cachering reads what they all
// can.
func readAs(cache *config.Cache, stored string, data []byte, now time.Time) *value {
	out := &value{bytes: data}
	if len(data) > sha256.Size { // values of many keys are looked at together
		sum := sha256.Sum256(data)
		out.bytes = sum[:]
	}
	if codec.LockToken([]byte(stored), data) {
		out.codec, out.fault = "lock token", &fault{"lock_token", "it is the token of a lock"}
		return out
	}
	v, err := codec.Decode(data, codec.Stored(cache.Codec), codec.Options{})
	if err != nil {
		if v = otherwise(cache, data); v == nil {
			out.fault = &fault{cause: "unknown", why: err.Error()}
			var e *codec.Error
			if errors.As(err, &e) {
				out.fault.cause = strings.ReplaceAll(string(e.Kind), "-", "_")
			}
			return out
		}
	}
	out.codec, out.fault = v.Form.String(), unreadable(cache, v)
	if _, deadline, ok := v.Graph.Herd(v.Root); ok && cache.Herd {
		out.late = max(0, time.Duration(now.Unix()-seconds(v.Graph, deadline))*time.Second)
	}
	return out
}

// otherwise reads a value that the configured serializer does not read by the
// others that leave no doubt: text is MessagePack by chance.
func otherwise(cache *config.Cache, data []byte) *codec.Value {
	for _, s := range []codec.Serializer{codec.Pickle, codec.JSON, codec.MsgPack} {
		if s == cache.Codec.Serializer || s == codec.MsgPack && plain.Printable(data) {
			continue
		}
		as := codec.Codec{Serializer: s, Protocol: codec.AnyProtocol, Compressor: cache.Codec.Compressor, Level: cache.Codec.Level}
		if v, err := codec.Decode(data, codec.Stored(as), codec.Options{}); err == nil {
			return v
		}
	}
	return nil
}

// unreadable is why the configured application cannot read a value that can be
// decoded, nil if it can. A class that it does not have is not known here.
func unreadable(cache *config.Cache, v *codec.Value) *fault {
	form := v.Form
	if form.Plain == codec.PlainInt {
		if v.Notes.LongInteger && limitsDigits(cache.Python) {
			return &fault{"integer", fmt.Sprintf("Python %s reads integers of at most %d digits", cache.Python, codec.MaxIntegerDigits)}
		}
		return nil
	}
	configured := cache.Codec
	plainReads := cache.Traits.PlainReads
	switch {
	case form.Compressor != configured.Compressor && (form.Compressor != codec.None || !plainReads):
		return &fault{"compressor", fmt.Sprintf("it is stored as %s, and the compressor of the application is %s", form, configured.Compressor)}
	case form.Serializer != configured.Serializer:
		return &fault{"serializer", fmt.Sprintf("it is stored as %s, and the serializer of the application is %s", form, configured.Serializer)}
	}
	if highest := cache.HighestProtocol(); form.Serializer == codec.Pickle && highest != codec.AnyProtocol && form.Protocol > highest {
		return &fault{"protocol", fmt.Sprintf("it is a pickle of protocol %d, and Python %s of the application reads protocols up to %d", form.Protocol, cache.Python, highest)}
	}
	if v.Refused != nil {
		return &fault{"refused", "its own serializer does not read it: " + v.Refused.Error()}
	}
	return nil
}

// limitsDigits reports whether int() of a Python has a limit, as from 3.11 on;
// security releases of older ones have it, too, but not all.
func limitsDigits(python string) bool {
	rest, ok := strings.CutPrefix(python, "3.")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	return ok && err == nil && n >= 11
}
