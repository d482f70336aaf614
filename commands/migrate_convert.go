package commands

import (
	"errors"
	"fmt"
	"time"

	"cachering/codec"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/reader"
)

// conversion makes entries of one cache into those of another.
type conversion struct {
	from, to *config.Cache
	// version is that of the other cache for one of this.
	version func(int64) int64
	maxTTL  time.Duration
	options codec.Options

	py2 py2Seen
}

// migrator is a conversion for one goroutine.
type migrator struct {
	*conversion
	transcoder *codec.Transcoder
	// again looks at what HerdClient's wrapping was put around.
	again *codec.Transcoder
}

func (c *conversion) converter() (engine.Converter, error) {
	options := c.options
	options.Accept = reader.Accept(c.to)
	t, err := codec.NewTranscoder(codec.Stored(c.from.Codec), c.to.Codec, options)
	if err != nil {
		return nil, err
	}
	again, err := codec.NewTranscoder(codec.Stored(c.to.Codec), c.to.Codec, options)
	return &migrator{c, t, again}, err
}

// stored is what a stored key of the one cache is in the other.
func (c *conversion) stored(was []byte) ([]byte, error) {
	key, version, ok := c.from.Keyspace.Split(was)
	if !ok {
		return nil, errForeign
	}
	if c.sameKeys() {
		return was, nil
	}
	n := c.from.Version
	if version != nil {
		if n, ok = versionNumber(version); !ok {
			return nil, errForeign
		}
	}
	return []byte(c.to.Keyspace.Stored(string(key), c.version(n))), nil
}

// errForeign is that of keys whose version is no number.
var errForeign = errors.New("its version is no number")

// sameKeys reports whether stored keys stay as they are.
func (c *conversion) sameKeys() bool {
	from, to := c.from.Keyspace, c.to.Keyspace
	return from.Prefix == to.Prefix && from.Function() == to.Function() && from.BareFalsy == to.BareFalsy &&
		(!from.Versioned() || c.version(c.from.Version) == c.from.Version)
}

// Convert implements engine.Converter.
func (c *migrator) Convert(dst []byte, p *engine.Parcel, room int) ([]byte, bool, error) {
	var err error
	if p.Key, err = c.stored(p.Key); err != nil {
		return nil, false, err
	}
	value := p.Value
	var stale int64 // in seconds, as HerdClient says it; 0: it says nothing
	if c.from.Herd {
		if value, stale, err = c.unwrap(value, room); err != nil {
			return nil, false, err
		}
	}
	at, err := c.life(p, stale)
	if err != nil {
		return nil, false, err
	}
	base := len(dst)
	out, changed, err := c.transcode(c.transcoder, dst, value, room)
	switch {
	case err != nil:
		return nil, false, err
	case !changed && stale != 0:
		out, changed = append(dst, value...), true
	}
	if c.to.Herd && at != 0 {
		if changed {
			value = out[base:]
		}
		deadline := at / 1000 // as int(time.time()) + timeout is
		if stale != 0 && stale < deadline {
			deadline = stale
		}
		wrapped, err := c.wrap(value, deadline, room)
		if err != nil {
			return nil, false, err
		}
		out, changed = append(dst, wrapped...), true
	}
	p.At = c.kept(at)
	if p.Marked && c.maxTTL > 0 {
		p.Fresh = sooner(p.Fresh, p.Now+c.maxTTL.Milliseconds())
	}
	return out, changed, nil
}

// life is when an entry expires as the application of the source sees it, 0 for never.
func (c *migrator) life(p *engine.Parcel, stale int64) (at int64, err error) {
	if at = p.At; at != 0 {
		if stale != 0 {
			at -= c.from.HerdTimeout.Milliseconds()
		} else {
			at -= c.from.Buffer.Milliseconds()
		}
	} else if stale != 0 {
		at = stale * 1000
	}
	// get_or_set of django-redis-cache stores for ever what only its marker makes stale.
	if at == 0 && p.Marked && c.to.Traits.Side.Fresh == "" {
		at = p.Fresh
	}
	if c.maxTTL > 0 {
		at = sooner(at, p.Now+c.maxTTL.Milliseconds())
	}
	seen := at
	if stale != 0 && c.to.Herd { // it decides by itself what is stale
		seen += c.from.HerdTimeout.Milliseconds()
	}
	if at != 0 && seen <= p.Now {
		return 0, engine.ErrOver
	}
	return at, nil
}

// kept is until when the server of the other cache is to keep what expires then.
func (c *migrator) kept(at int64) int64 {
	switch {
	case at == 0:
		return 0
	case c.to.Herd:
		return at + c.to.HerdTimeout.Milliseconds()
	}
	return at + c.to.Buffer.Milliseconds()
}

// sooner is the first of two moments, of which 0 is never.
func sooner(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func (c *migrator) transcode(t *codec.Transcoder, dst, value []byte, room int) ([]byte, bool, error) {
	t.SetRoom(int64(room))
	out, changed, err := t.Transcode(dst, value)
	if err == nil && t.Notes().LongInteger {
		err = reader.LongInteger(c.to)
	}
	if errors.Is(err, codec.ErrNoRoom) {
		err = engine.ErrNoRoom
	}
	if err != nil {
		return nil, false, err
	}
	c.py2.add(t.Notes().Py2)
	return out, changed, nil
}

// unwrap takes off what HerdClient puts around a value; stale is the deadline that it
// says, 0 for a value that has none.
func (c *migrator) unwrap(stored []byte, room int) (value []byte, stale int64, err error) {
	v, err := codec.Decode(stored, codec.Stored(c.from.Codec), codec.Options{Py2Strings: c.options.Py2Strings, Room: int64(room)})
	if errors.Is(err, codec.ErrNoRoom) {
		return nil, 0, engine.ErrNoRoom
	}
	if err != nil {
		return stored, 0, nil // which the transcoder says in its own words
	}
	inner, deadline, ok := v.Graph.Herd(v.Root)
	if !ok {
		return stored, 0, nil
	}
	v.Root = inner
	value, err = codec.Encode(nil, v, codec.Codec{Serializer: codec.Pickle, Protocol: v.Form.Protocol, Compressor: codec.None})
	return value, max(1, deadline), err
}

// wrap puts HerdClient's deadline around a value as the other cache stores it.
func (c *migrator) wrap(stored []byte, deadline int64, room int) ([]byte, error) {
	v, err := codec.Decode(stored, codec.Stored(c.to.Codec), codec.Options{Room: int64(room)})
	if errors.Is(err, codec.ErrNoRoom) {
		return nil, engine.ErrNoRoom
	}
	if err != nil {
		return nil, err
	}
	v.Root = v.Graph.NewHerd(c.to.HerdModule, v.Root, deadline)
	out, err := codec.Encode(nil, v, c.to.Codec)
	if err != nil {
		return nil, err
	}
	if _, _, err = c.transcode(c.again, nil, out, room); err != nil {
		return nil, err
	}
	return out, nil
}

// mapped tells to which version of the other cache those of this one go. It chooses
// which of them are copied where that is not said: where the two caches have one version,
// all, and each stays what it is.
func (o *migrateOptions) mapped(from, to *config.Cache) (version func(int64) int64, list []int64, err error) {
	list = o.version.list
	version = func(n int64) int64 {
		switch {
		case o.toVersion.set:
			return o.toVersion.value
		case n == from.Version:
			return to.Version
		}
		return n
	}
	switch {
	case o.toVersion.set && !to.Keyspace.Versioned():
		return nil, nil, usagef("--to-version: the key function of cache %s has no version", to.Alias)
	case !from.Keyspace.Versioned():
		return version, nil, nil
	case !o.version.set && (o.toVersion.set || from.Version != to.Version || !to.Keyspace.Versioned()):
		list = []int64{from.Version}
	}
	was := map[int64]int64{}
	for _, n := range list {
		is := version(n)
		if !to.Keyspace.Versioned() {
			is = 0
		}
		if other, twice := was[is]; twice {
			return nil, nil, usagef("versions %d and %d would have the same stored keys in cache %s: copy one of them", other, n, to.Alias)
		}
		was[is] = n
	}
	return version, list, nil
}

// readable refuses what cannot be another cache's at all.
func (c *conversion) readable() error {
	if err := c.to.WriteError(); err != nil {
		return err
	}
	if !c.from.Keyspace.Reversible() && !c.sameKeys() {
		return usagef("stored keys of cache %s do not show the key (%s), so they can only be copied to where they stay the same: with the same key_prefix, key_function and version",
			c.from.Alias, c.from.Keyspace.Function())
	}
	return nil
}

// classifyMigrated is classify for what a converter does not make.
func classifyMigrated(err error) (reason, what string, skip bool) {
	if errors.Is(err, errForeign) {
		return "foreign_key", "", false
	}
	return classify(err)
}

// describe says in what two caches differ, for the question.
func (c *conversion) describe() string {
	return fmt.Sprintf("%s, %s, ring %s, %s", c.to.Alias, c.to.Backend, ringName(c.to), c.to.Codec)
}
