package reader

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/commands/internal/config"
)

// TestReinsertAgrees compares, over all pickles, what preflight says of a reader with what
// reinsert does where that reader is configured: what stays unreadable is refused, for the
// same reason, and nothing else is for a reason of the reader's; what is called mended is
// written.
func TestReinsertAgrees(t *testing.T) {
	t.Parallel()
	list := samples(t, values)
	for _, python := range []string{"2.7.18", "3.7.16", "3.12.1", "3.14.2"} {
		t.Run(python, func(t *testing.T) {
			f, errs := config.Parse("test.toml", fmt.Sprintf("[caches.default]\nbackend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\n"+
				"location = \"redis://10.0.0.1:6379/1\"\noptions = { python = %q, pickle_version = -1 }\n", python), func(string) string { return "" })
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			cache := f.Caches[0]
			target, err := Described(cache, cache)
			if err != nil {
				t.Fatal(err)
			}
			e, err := target.Examiner()
			if err != nil {
				t.Fatal(err)
			}
			reinsert, err := codec.NewTranscoder(codec.Stored(cache.Codec), cache.Codec, codec.Options{Room: Room, Accept: Accept(cache)})
			if err != nil {
				t.Fatal(err)
			}
			counts := map[string]int{}
			for _, s := range list {
				if codec.LockToken(nil, s.data) {
					continue
				}
				v := e.Examine(nil, s.data)
				_, changed, err := reinsert.Transcode(nil, s.data)
				if err == nil && reinsert.Notes().LongInteger {
					err = LongInteger(cache)
				}
				reason := Cause("")
				var wrong *codec.Error
				if errors.As(err, &wrong) {
					reason = Cause(strings.ReplaceAll(string(wrong.Kind), "-", "_"))
				}
				lost := EffectOf(v.Cause) == Lost
				switch {
				case lost && v.Mended && (err != nil || !changed):
					t.Errorf("%s: is called mended of %s, and reinsert says %v, changed %v", s.what, v.Cause, err, changed)
				case lost && !v.Mended && (err == nil || reason != v.Cause):
					t.Errorf("%s: is called lost by %s (%s), and reinsert says %v, changed %v", s.what, v.Cause, v.Why, err, changed)
				// The names that are written for Python 2 are those that Python 3 reads as well,
				// which a few things of Python 2 do not have: they stay as they are.
				case !lost && ofReader(reason) && python[0] != '2':
					t.Errorf("%s: is called readable, and reinsert says %v", s.what, err)
				}
				switch {
				case lost && v.Mended:
					counts["mended"]++
				case lost:
					counts["refused"]++
				default:
					counts["readable"]++
				}
			}
			t.Logf("Python %s: %v", python, counts)
		})
	}
}

// ofReader tells the reasons that are the reader's, and not those of what can be rewritten.
func ofReader(c Cause) bool {
	switch c {
	case Protocol, Opcode, ModuleGone, NameGone, Call, Outside, Integer:
		return true
	}
	return false
}
