package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

// filterOptions are the flags by which a run, or a list of keys, is of fewer entries.
// All that are given have to hold.
type filterOptions struct {
	ttlOver    measure
	ttlUnder   measure
	persistent bool
	larger     measure
	smaller    measure
	idleOver   measure
	codec      parsed[reader.Stored]
	class      parsed[[]string]
	django     parsed[reader.Release]
}

// filterHelp is what the help of a command with filters says of them.
const filterHelp = "Filters leave out entries that are otherwise: --ttl-over, --ttl-under, --persistent, --larger,\n" +
	"--smaller, --idle-over, --codec, --class and --django; all that are given have to hold. What\n" +
	"never expires is neither over nor under any time. Nothing that a pickle names is called.\n" +
	"What changes an entry looks again under the guard of its write, also at a value, so one\n" +
	"that the application has just changed, and that does not fit any more, stays. The time of\n" +
	"what reinsert rewrites, and of what backup stores, is that of the first look."

func (o *filterOptions) flags() []cli.Flag {
	o.ttlOver.parse, o.ttlUnder.parse = milliseconds64(0), milliseconds64(1)
	o.larger.parse, o.smaller.parse = bytesFrom(0), bytesFrom(1)
	o.idleOver.parse = wholeSeconds
	o.codec.parse, o.class.parse, o.django.parse = reader.ParseStored, classGlobs, reader.ParseRelease
	return []cli.Flag{
		&cli.GenericFlag{Name: "ttl-over", Value: &o.ttlOver,
			Usage: "only entries that expire in more than `D`"},
		&cli.GenericFlag{Name: "ttl-under", Value: &o.ttlUnder,
			Usage: "only entries that expire in less than `D`"},
		&cli.BoolFlag{Name: "persistent", Destination: &o.persistent,
			Usage: "only entries that never expire"},
		&cli.GenericFlag{Name: "larger", Value: &o.larger,
			Usage: "only entries of more than `SIZE` stored bytes, as 500, 10k, 2M"},
		&cli.GenericFlag{Name: "smaller", Value: &o.smaller,
			Usage: "only entries of less than `SIZE` stored bytes"},
		&cli.GenericFlag{Name: "idle-over", Value: &o.idleOver,
			Usage: "only entries that were not used for `D` (not with an LFU policy, nor with what reads values before Redis 7.2)"},
		&cli.GenericFlag{Name: "codec", Value: &o.codec,
			Usage: "only values stored as `CODEC`: pickle is every protocol and compressor, pickle:2 and pickle+none are those; or as int, float, undecodable, lock"},
		&cli.GenericFlag{Name: "class", Value: &o.class,
			Usage: "only pickles that name a class or function, as datetime.*, or a model by its label, as auth.User, that fits `GLOB[,GLOB]`"},
		&cli.GenericFlag{Name: "django", Value: &o.django,
			Usage: "only pickles of models by the Django that wrote them: `CONDITION` is 3.2, <4.2, <=4.2, >4 or >=5"},
	}
}

// given are the filters that were set, with their values.
func (o *filterOptions) given() []string {
	var list []string
	for _, f := range []struct {
		name string
		m    *measure
	}{{"ttl-over", &o.ttlOver}, {"ttl-under", &o.ttlUnder}, {"larger", &o.larger}, {"smaller", &o.smaller}, {"idle-over", &o.idleOver}} {
		if f.m.set {
			list = append(list, "--"+f.name+" "+f.m.text)
		}
	}
	if o.persistent {
		list = append(list, "--persistent")
	}
	for _, f := range [][2]string{{"codec", o.codec.text}, {"class", o.class.text}, {"django", o.django.text}} {
		if f[1] != "" {
			list = append(list, "--"+f[0]+" "+f[1])
		}
	}
	return list
}

// named is the first of them without its value; "" if there is none.
func (o *filterOptions) named() string {
	if given := o.given(); given != nil {
		name, _, _ := strings.Cut(strings.TrimPrefix(given[0], "--"), " ")
		return name
	}
	return ""
}

// where is what entries of a cache have to be like.
func (o *filterOptions) where(cache *config.Cache) scan.Where {
	w := scan.Where{
		TTL:        scan.Span{Over: o.ttlOver.limit(), Under: o.ttlUnder.limit()},
		Buffer:     cache.Buffer.Milliseconds(),
		Persistent: o.persistent,
		Size:       scan.Span{Over: o.larger.limit(), Under: o.smaller.limit()},
		Idle:       scan.Span{Over: o.idleOver.limit()},
	}
	condition := &reader.Condition{Stored: o.codec.value, Django: o.django.value}
	if o.class.value != nil {
		condition.Classes = *o.class.value
	}
	if condition.Set() {
		heavy := new(sync.Mutex)
		w.Values = scan.NewValues(func() scan.Judge {
			judge := reader.NewJudge(condition, cache, heavy)
			return func(stored, value []byte) scan.Fit {
				switch fits, known := judge.Fits(stored, value); {
				case !known:
					return scan.TooLarge
				case fits:
					return scan.Fits
				}
				return scan.Unfit
			}
		})
	}
	return w
}

// parsed is a flag whose text is read when it is set.
type parsed[T any] struct {
	value *T // nil: it was not given
	text  string
	parse func(string) (T, error)
}

// Set implements flag.Value.
func (p *parsed[T]) Set(text string) error {
	value, err := p.parse(text)
	p.value, p.text = &value, text
	return err
}

func (p *parsed[T]) String() string { return p.text }

// classGlobs reads globs of names.
func classGlobs(text string) ([]string, error) {
	globs := strings.Split(text, ",")
	if slices.Contains(globs, "") {
		return nil, errors.New("a glob is empty: write one or more as decimal.Decimal,auth.*")
	}
	return globs, nil
}

// measure is a flag that holds a number in the unit of what is measured.
type measure struct {
	set   bool
	n     int64
	text  string // as it was given
	parse func(string) (int64, error)
}

// Set implements flag.Value.
func (m *measure) Set(text string) (err error) {
	m.set, m.text = true, text
	m.n, err = m.parse(text)
	return err
}

// String is the number, however it was spelled.
func (m *measure) String() string {
	if !m.set {
		return ""
	}
	return strconv.FormatInt(m.n, 10)
}

// limit is the number; nil where none was given.
func (m *measure) limit() *int64 {
	if !m.set {
		return nil
	}
	return &m.n
}

// milliseconds64 reads a duration of at least so many milliseconds.
func milliseconds64(least int64) func(string) (int64, error) {
	return func(text string) (int64, error) {
		d, err := config.ParseDuration(text)
		if err == nil && d.Milliseconds() < least {
			err = fmt.Errorf("%s is not above zero: the shortest is 1ms", text)
		}
		if err == nil && d < 0 {
			err = fmt.Errorf("%s is below zero", text)
		}
		return d.Milliseconds(), err
	}
}

// bytesFrom reads a size of at least so many bytes.
func bytesFrom(least int64) func(string) (int64, error) {
	return func(text string) (int64, error) {
		n, err := config.ParseSize(text)
		if err == nil && n < least {
			err = errors.New("nothing has less than 0 bytes")
		}
		return n, err
	}
}

// wholeSeconds reads for how long an entry was not used, and answers the whole seconds
// that OBJECT IDLETIME has to be above then: it tells whole ones, rounded down.
func wholeSeconds(text string) (int64, error) {
	d, err := config.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%s is not above zero", text)
	}
	return int64((d+time.Second-1)/time.Second) - 1, err
}

// honoured refuses filters that a server cannot tell about. Of one that does not answer
// the work itself tells.
func honoured(ctx context.Context, shards []*cluster.Shard, where *scan.Where, reads bool) error {
	if !where.Idle.Set() {
		return nil
	}
	for i, uses := range survey.Uses(ctx, shards) {
		switch name := shards[i].Name; {
		case uses.Counted:
			return usagef("--idle-over: shard %s does not tell for how long an entry was not used: its maxmemory-policy, %s, counts uses", name, uses.Policy)
		case uses.Touched && (reads || where.Touches()):
			return usagef("--idle-over: on shard %s, before Redis 7.2, to read an entry makes it look used, and this reads entries", name).
				hinting("without --larger, --smaller and --backup, and not with what reads values, it can be told")
		}
	}
	return ctx.Err()
}

// versions is a flag that holds a version, or more where there may be many.
type versions struct {
	many  bool
	set   bool
	value int64 // the first
	list  []int64
}

// Set implements flag.Value.
func (v *versions) Set(text string) error {
	v.list = nil
	parts := []string{text}
	if v.many {
		parts = strings.Split(text, ",")
	}
	for _, part := range parts {
		n, err := parseInteger(part)
		if err != nil {
			return err
		}
		if !slices.Contains(v.list, n) {
			v.list = append(v.list, n)
		}
	}
	v.set, v.value = true, v.list[0]
	return nil
}

func (v *versions) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(v.list), " ", ","), "[]")
}

// what names the versions in a sentence.
func (v *versions) what() string {
	if len(v.list) == 1 {
		return "version " + v.String()
	}
	return "versions " + strings.ReplaceAll(v.String(), ",", ", ")
}

// findShards are the shards that --shard lists, in the order of the configuration, a
// server that is listed there twice once.
func findShards(cl *cluster.Cluster, cache *config.Cache, list word) ([]*cluster.Shard, error) {
	chosen, err := chooseShards(string(list), cache.Locations(), func(name string) (int, error) { return findShard(cache, word(name)) })
	var shards []*cluster.Shard
	for i, shard := range cl.Shards() {
		if chosen[i] && !slices.ContainsFunc(shards, shard.Same) {
			shards = append(shards, shard)
		}
	}
	return shards, err
}

// chooseShards reads a list of NAME, INDEX and FROM-TO, and tells by index which shards
// it names. What is the name of a shard is that, whatever it looks like.
func chooseShards(list string, names []string, find func(string) (int, error)) (map[int]bool, error) {
	chosen := make(map[int]bool)
	for rest := strings.Split(list, ","); len(rest) > 0; {
		n := len(rest) // a name may hold commas
		for n > 1 && !slices.Contains(names, strings.Join(rest[:n], ",")) {
			n--
		}
		part := strings.Join(rest[:n], ",")
		rest = rest[n:]
		first, last, _ := strings.Cut(part, "-")
		from, wrong := strconv.Atoi(first)
		to, err := strconv.Atoi(last)
		if wrong != nil || err != nil || slices.Contains(names, part) {
			if from, err = find(part); err != nil {
				return nil, err
			}
			to = from
		}
		if most := len(names) - 1; from > to || to > most {
			return nil, usagef("--shard: %s is no range of shards, which are 0 to %d", part, most).
				hinting("cachering ring show lists the shards")
		}
		for i := from; i <= to; i++ {
			chosen[i] = true
		}
	}
	return chosen, nil
}
