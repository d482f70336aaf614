package commands_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sides are the caches on which Python and cachering work side by side.
var sides = []side{
	{name: "3.0.1-one-shard", shards: 1, backend: "redis_cache.ShardedRedisCache", release: "3.0.1",
		options: `python = "3.11"`},
	{name: "3.0.1-zlib", shards: 3, backend: "redis_cache.ShardedRedisCache", release: "3.0.1",
		options: "pickle_version = 2\ncompressor = \"zlib\"", model: call{"protocol": 2, "zlib": 6}},
	{name: "3.0.1-protocol-0", shards: 4, backend: "redis_cache.ShardedRedisCache", release: "3.0.1",
		options: `pickle_version = 0`, model: call{"protocol": 0}},
	{name: "1.8.1", shards: 3, backend: "redis_cache.ShardedRedisCache", release: "1.8.1",
		options: `python = "3.6"`, model: call{"protocol": 4, "bare": true}},
	{name: "1.8.1-zlib", shards: 4, backend: "redis_cache.ShardedRedisCache", release: "1.8.1",
		options: "pickle_version = 2\ncompressor = \"zlib\"", model: call{"protocol": 2, "zlib": 6, "bare": true}},
	{name: "RedisCache", shards: 3, backend: "redis_cache.RedisCache", release: "3.0.1",
		options: `python = "3.11"`, model: call{"writer": 0}},
	{name: "django-redis", shards: 1, backend: "django_redis.cache.RedisCache", release: "5.2.0",
		options: `python = "3.11"`, settings: djangoRedis(call{})},
	{name: "django-redis-shards", shards: 4, backend: "django_redis.cache.RedisCache", release: "5.2.0",
		options:  "python = \"3.11\"\nclient_class = \"django_redis.client.ShardClient\"",
		settings: djangoRedis(call{"CLIENT_CLASS": "django_redis.client.ShardClient"})},
}

func djangoRedis(options call) call {
	return call{"BACKEND": "django_redis.cache.RedisCache", "OPTIONS": options}
}

// sideSteps is how many operations each side makes; 2,080 all together.
const sideSteps = 260

// Each of Python and cachering reads, expires, counts, moves and deletes what
// the other wrote; after every step both answer as a model does, and every key
// is on the shard on which Python looks for it.
func TestSideBySide(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("CACHERING_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("CACHERING_SEED=%d repeats it", seed)
	for i, s := range sides {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := &walk{T: t, pair: newPair(t, s), rnd: rand.New(rand.NewPCG(seed, uint64(i))), model: map[entry]state{}}
			for n := range sideSteps {
				w.step()
				w.compare()
				if t.Failed() {
					t.Fatalf("step %d of seed %d", n, seed)
				}
			}
		})
	}
}

// entry is one key and version; state what the model says of it.
type entry struct {
	key     string
	version int
}

type state struct {
	repr    string
	integer bool
	expires time.Time // zero: never
}

// walk is a random walk over the operations of one cache.
type walk struct {
	*testing.T
	*pair
	rnd   *rand.Rand
	model map[entry]state
	said  string // the step, for errors
	at    entry  // what it was about
}

func (w *walk) pick(words ...string) string { return words[w.rnd.IntN(len(words))] }

// literal is a random value as Python writes it.
func (w *walk) literal(depth int) string {
	switch n := w.rnd.IntN(13); {
	case n < 3:
		return strconv.Itoa(w.rnd.IntN(2000) - 1000)
	case n == 3:
		return w.pick("-", "") + "9223372036854775" + strconv.Itoa(100+w.rnd.IntN(900)) + w.pick("", "123")
	case n == 4:
		return w.pick("True", "False", "None")
	case n == 5:
		return strconv.FormatFloat(w.rnd.NormFloat64()*1e3, 'e', -1, 64)
	case n == 6:
		return "b'" + strings.Repeat(w.pick(`\x00`, `\xff`, "a"), w.rnd.IntN(5)) + "'"
	case n < 9 || depth == 3:
		return "'" + strings.Repeat(w.pick("a", "é", "12", `\n`, "\U0001f600", `\x00`), w.rnd.IntN(300)) + "'"
	}
	var items []string
	for range w.rnd.IntN(4) {
		items = append(items, w.literal(depth+1))
	}
	switch inside := strings.Join(items, ", "); w.rnd.IntN(3) {
	case 0:
		return "[" + inside + "]"
	case 1:
		if len(items) == 1 {
			inside += ","
		}
		return "(" + inside + ")"
	}
	for i := range items {
		items[i] = fmt.Sprintf("'k%d': %s", i, items[i])
	}
	return "{" + strings.Join(items, ", ") + "}"
}

// shell runs cachering, which has to end with one of the codes, and returns
// its answer without the line feed.
func (w *walk) shell(code int, words ...string) string {
	w.Helper()
	w.said = "cachering " + strings.Join(words, " ")
	got, out, errs := w.run("", words...)
	if got != code {
		w.Fatalf("%s: exit code %d, want %d: %s%s", w.said, got, code, out, errs)
	}
	return strings.TrimSuffix(out, "\n")
}

// python makes a call on the entry.
func (w *walk) python(name string, args call) string {
	w.Helper()
	args["key"], args["version"] = w.at.key, w.at.version
	w.said = fmt.Sprintf("python %s %v", name, args)
	return w.ask(name, args)
}

func (w *walk) wants(got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("%s: got %.300s, want %.300s", w.said, got, want)
	}
}

// step does one thing to one entry, by one of the two, and changes the model.
func (w *walk) step() {
	w.at = entry{w.pick("a", "user:42", "a b", "é", "{x}y", "1:2:3", "page*", "z"), 1 + w.rnd.IntN(3)}
	was, there := w.model[w.at]
	version := []string{"--version", strconv.Itoa(w.at.version)}
	key := append([]string{w.at.key}, version...)
	cmd := func(name string, more ...string) []string { return append(append([]string{name}, key...), more...) }
	missing := 0
	if !there {
		missing = 4
	}
	shell := w.rnd.IntN(2) == 0
	seconds := 600 + w.rnd.IntN(9000)
	deadline := time.Now().Add(time.Duration(seconds) * time.Second)
	switch w.rnd.IntN(14) {
	case 0, 1, 2, 3: // store
		text := w.literal(0)
		next := state{repr: w.ask("repr", call{"value": text}), expires: deadline}
		next.integer = strings.Trim(next.repr, "-0123456789") == ""
		add := w.rnd.IntN(3) == 0
		if shell {
			words := []string{"set", "--from", "literal", "--ttl", strconv.Itoa(seconds)}
			code := 0
			if add {
				words = append(words, "--nx")
				if there {
					code = 4
				}
			}
			w.shell(code, append(append(words, version...), "--", w.at.key, text)...)
		} else {
			args := call{"value": text, "timeout": seconds}
			if w.rnd.IntN(4) == 0 {
				args["timeout"], next.expires = nil, time.Time{}
			}
			if add {
				w.wants(w.python("add", args), strconv.FormatBool(!there))
			} else {
				w.wants(w.python("set", args), "true")
			}
		}
		if !add || !there {
			w.model[w.at] = next
		}
	case 4: // delete
		if shell {
			w.shell(missing, cmd("delete")...)
		} else {
			w.wants(w.python("delete", call{}), strconv.FormatBool(there))
		}
		delete(w.model, w.at)
	case 5: // exists
		if shell {
			w.shell(missing, cmd("exists")...)
		} else {
			w.wants(w.python("has_key", call{}), strconv.FormatBool(there))
		}
	case 6, 7: // expire
		if shell {
			w.shell(missing, cmd(w.pick("expire", "touch"), "--ttl", strconv.Itoa(seconds))...)
		} else {
			w.wants(w.python("touch", call{"timeout": seconds}), strconv.FormatBool(there))
		}
		if there {
			was.expires = deadline
			w.model[w.at] = was
		}
	case 8: // persist
		changes := there && !was.expires.IsZero()
		if shell {
			answer := map[bool]string{true: "changed", false: "unchanged"}[changes]
			if !there {
				answer = ""
			}
			w.wants(w.shell(missing, cmd("persist")...), answer)
		} else {
			w.wants(w.python("persist", call{}), strconv.FormatBool(changes))
		}
		was.expires = time.Time{}
		if there {
			w.model[w.at] = was
		}
	case 9, 10: // count
		by := w.rnd.IntN(50) - 20
		small := len(was.repr) < 16 // what Redis itself can count with
		switch {
		case !there:
			w.shell(4, cmd("incr")...)
		case !was.integer:
			w.shell(1, cmd("incr")...)
		case shell || !small:
			n, ok := new(big.Int).SetString(was.repr, 10)
			if !ok {
				w.Fatal(was.repr)
			}
			was.repr = n.Add(n, big.NewInt(int64(by))).String()
			name := "incr"
			if w.rnd.IntN(2) == 0 {
				name, by = "decr", -by
			}
			w.wants(w.shell(0, cmd(name, "--by", strconv.Itoa(by))...), was.repr)
			w.model[w.at] = was
		default:
			n, err := strconv.Atoi(was.repr)
			if err != nil {
				w.Fatal(err)
			}
			was.repr = strconv.Itoa(n + by)
			w.wants(w.python("incr", call{"delta": by}), was.repr)
			w.model[w.at] = was
		}
	case 11: // another version; the library loses the key on shards
		by := 1 + w.rnd.IntN(2)
		w.shell(missing, cmd("incr-version", "--by", strconv.Itoa(by))...)
		if there {
			delete(w.model, w.at)
			w.at.version += by
			w.model[w.at] = was
			if w.at.version > 3 {
				w.shell(0, "decr-version", w.at.key, "--version", strconv.Itoa(w.at.version), "--by", "3")
				delete(w.model, w.at)
				w.at.version -= 3
				w.model[w.at] = was
			}
		}
	case 12: // patterns
		if w.rnd.IntN(4) != 0 {
			break
		}
		if shell {
			w.shell(0, append([]string{"del-pattern", "u*", "--yes"}, version...)...)
		} else {
			w.ask("delete_pattern", call{"pattern": "u*", "version": w.at.version})
		}
		delete(w.model, entry{"user:42", w.at.version})
	case 13: // all of them
		if w.rnd.IntN(4) == 0 {
			w.shell(0, "reinsert", "--yes", "--to", "pickle:"+w.pick("0", "2"), "--force")
		}
	}
}

// compare reads with both what the step was about, and looks at every key.
func (w *walk) compare() {
	want, there := w.model[w.at]
	version := strconv.Itoa(w.at.version)
	said := w.said
	if there {
		w.wants(w.shell(0, "get", w.at.key, "--version", version), want.repr)
		w.wants(w.python("get", call{"repr": true}), want.repr)
	} else {
		w.shell(4, "get", w.at.key, "--version", version)
		w.wants(w.python("get", call{"repr": true}), "None")
	}
	for _, ttl := range []string{w.python("ttl", call{}), w.shell(map[bool]int{true: 0, false: 4}[there], "ttl", w.at.key, "--version", version)} {
		switch left := time.Until(want.expires).Seconds(); {
		case !there:
			if ttl != "0" && ttl != "missing" {
				w.Errorf("%s: a missing key lives %s", said, ttl)
			}
		case want.expires.IsZero():
			if ttl != "null" && ttl != "none" {
				w.Errorf("%s: lives %s, want for ever", said, ttl)
			}
		default:
			if n, err := strconv.ParseFloat(ttl, 64); err != nil || n < left-5 || n > left+5 {
				w.Errorf("%s: lives %s, want %.1f", said, ttl, left)
			}
		}
	}
	var all [][3]any
	if err := json.Unmarshal([]byte(w.ask("everything", nil)), &all); err != nil {
		w.Fatal(err)
	}
	var got, expected []string
	for _, k := range all {
		got = append(got, k[0].(string))
		if k[1] != k[2] {
			w.Errorf("%s: %s is on shard %v, python looks on %v", said, k[0], k[1], k[2])
		}
	}
	for e := range w.model {
		expected = append(expected, fmt.Sprintf(":%d:%s", e.version, e.key))
	}
	sort.Strings(got)
	sort.Strings(expected)
	if g, e := strings.Join(got, ", "), strings.Join(expected, ", "); g != e {
		w.Errorf("%s: there are %s, want %s", said, g, e)
	}
	if w.Failed() {
		for i, c := range w.clients {
			w.Logf("shard %d: %v", i, c.Keys(context.Background(), "*").Val())
		}
	}
}
