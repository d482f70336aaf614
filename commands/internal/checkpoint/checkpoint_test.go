package checkpoint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/checkpoint"
)

func state() *checkpoint.State {
	return &checkpoint.State{
		Program: "0.1.0", Written: time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC), Command: "reinsert",
		Decides: map[string]string{"to": "pickle:5", "match": "<a>&\u2028*"},
		Cache:   map[string]string{"backend": "redis_cache.RedisCache", "prefix": ""},
		Notes:   map[string]int64{"py2_strings.values": 3},
		Shards: []checkpoint.Shard{
			{Name: "10.0.0.1:6379", RunID: "ab", ReplID: "cd", Flushes: 1, Keys: 50000, Passed: 12000, Position: "17 - 4",
				Pending: []checkpoint.Key{checkpoint.Key(":1:k"), checkpoint.Key("\xff\x00"), checkpoint.Key("\ufffd"), checkpoint.Key("")},
				Counts:  map[string]int64{"scanned": 11000, "failed.truncated": 2}, Ahead: 4000, Uncounted: 7},
			{Name: "10.0.0.2:6379"},
		},
	}
}

func encoded(t testing.TB, s *checkpoint.State) []byte {
	t.Helper()
	text, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	s := state()
	text := encoded(t, s)
	if bytes.Count(text, []byte("\n")) != 1 || !checkpoint.Is(text) {
		t.Errorf("%s", text)
	}
	got, err := checkpoint.Decode(text)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, s)
	}
	if got.Shards[0].Done() || !got.Shards[0].Begun() || got.Shards[1].Begun() {
		t.Errorf("%+v", got.Shards)
	}
}

// Whatever byte is another, or missing, or one too many, the file is not read, and the
// error says where.
func TestAnyDamageIsSeen(t *testing.T) {
	text := encoded(t, state())
	for i := range text {
		for _, bit := range []byte{1, 0x80} {
			torn := bytes.Clone(text)
			torn[i] ^= bit
			refused(t, torn, i)
		}
		refused(t, text[:i], i)
		refused(t, append(bytes.Clone(text[:i]), text[i+1:]...), i)
	}
	refused(t, append(bytes.Clone(text), '\n'), len(text))
	refused(t, append(bytes.Clone(text), text...), len(text))
	refused(t, nil, 0)
}

func refused(t *testing.T, text []byte, place int) {
	t.Helper()
	s, err := checkpoint.Decode(text)
	if err == nil {
		t.Fatalf("damaged at byte %d, and read: %+v", place, s)
	}
	if msg := err.Error(); !strings.Contains(msg, "byte") && !strings.Contains(msg, "format") {
		t.Errorf("at %d: %v", place, err)
	}
}

// What somebody wrote who knows the sum is taken no more than what Encode writes.
func TestAStateThatMakesNoSenseIsRefused(t *testing.T) {
	summed := func(body string) []byte {
		sum := sha256.Sum256([]byte(body))
		return []byte(body + `,"sha256":"` + hex.EncodeToString(sum[:]) + "\"}\n")
	}
	const head = `{"format":"cachering checkpoint 1"`
	if _, err := checkpoint.Decode(summed(head)); err != nil {
		t.Fatal("the least that is read:", err)
	}
	for _, c := range []struct{ body, want string }{
		{head + `,"more":1`, `damaged: json: unknown field "more"`},
		{head + `,"shards":[{"ahead":-1}]`, `damaged: shard 0, "ahead": -1`},
		{head + `,"shards":[{},{"keys":9007199254740992}]`, `damaged: shard 1, "keys": 9007199254740992`},
		{head + `,"shards":[{"counts":{"scanned":-3}}]`, `damaged: shard 0, "scanned": -3`},
		{head + `,"shards":[{"counts":{"scanned":1e99}}]`, `damaged at byte 70: json: cannot unmarshal number 1e99 into Go struct field`},
		{head + `,"shards":[{"pending":[null]}]`, `damaged: a key that is neither a string nor {"base64":…}`},
		{head + `,"shards":[{"pending":[{"base64":"!"}]}]`, `damaged`},
		{head + `,"shards":[{"pending":[{"base64":"","x":1}]}]`, `damaged`},
		{head + `,"notes":{"a":-1}`, `damaged: "a": -1`},
		{head + `,"complete":"yes"`, `damaged at byte 51: json: cannot unmarshal string`},
		{head + `,"shards":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000), `damaged at byte`},
		{`{"format":"cachering checkpoint 2"`, "it is of another format than this program's"},
		{`{"format":"cachering checkpoint 11"`, "it is of another format than this program's"},
		{`{"format":"notes"`, "it is no checkpoint: its first bytes are others"},
	} {
		_, err := checkpoint.Decode(summed(c.body))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.80s: got %v, want %s", c.body, err, c.want)
		}
	}
}

func TestADifferenceIsNamed(t *testing.T) {
	for want, change := range map[string]func(*checkpoint.State){
		"":                 func(s *checkpoint.State) { s.Program, s.Shards[0].Keys, s.Notes = "9", 1, nil },
		"command":          func(s *checkpoint.State) { s.Command = "clear" },
		"to":               func(s *checkpoint.State) { s.Decides["to"] = "pickle:2" },
		"match":            func(s *checkpoint.State) { delete(s.Decides, "match") },
		"version":          func(s *checkpoint.State) { s.Decides["version"] = "2" },
		"backend":          func(s *checkpoint.State) { s.Cache["backend"] = "x" },
		"number of shards": func(s *checkpoint.State) { s.Shards = s.Shards[:1] },
		"shard 1":          func(s *checkpoint.State) { s.Shards[1].Name = "x" },
		"key_function": func(s *checkpoint.State) {
			s.Cache = map[string]string{"key_function": "", "prefix": "", "backend": s.Cache["backend"]}
		},
		"nothing of a cache": func(s *checkpoint.State) { s.Cache = nil },
	} {
		s := state()
		change(s)
		got, was, is := state().Difference(s)
		switch want {
		case "key_function": // that is not there is as if empty
			want = ""
		case "nothing of a cache":
			want = "backend"
		}
		if got != want || want != "" && was == is {
			t.Errorf("got %q (%q, %q), want %q", got, was, is, want)
		}
	}
}

// FuzzDecode: what is read is written as it was.
func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, state()))
	f.Add(encoded(f, &checkpoint.State{}))
	f.Add([]byte(`{"format":"cachering checkpoint 1"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := checkpoint.Decode(text)
		if err != nil {
			// The same with a sum that is right: a fuzzer finds none.
			sum := sha256.Sum256(text)
			if s, err = checkpoint.Decode([]byte(string(text) + `,"sha256":"` + hex.EncodeToString(sum[:]) + "\"}\n")); err != nil {
				return
			}
		}
		again, err := checkpoint.Decode(encoded(t, s))
		if err != nil || !bytes.Equal(encoded(t, again), encoded(t, s)) {
			t.Errorf("%v: %+v, %+v", err, s, again)
		}
	})
}
