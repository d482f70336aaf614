package library

import "cachering/ring"

// django-dredis-cache, the fork of django-redis-cache.
var dredis = Library{
	Name: ring.LibDredis,
	Backends: []Backend{
		{Name: "dredis_cache.RedisCache", Sharded: true},
		{Name: "dredis_cache.cache.RedisCache", Sharded: true, Alias: true},
	},
	Spans: []Span{{From: "1.3.0a", To: "1.3.0a", Ring: ring.Dredis}},
	Changes: []Change{{"", func(t *Traits) {
		t.LocationForms = `write "host:port"`
		t.Zero, t.Negative, t.NoneIsDefault = Store, Store, true
		t.Protocol = ProtocolZero // pickle.dumps(value) in Python 2
		t.Rules.SerializeInts, t.Rules.TextDigits = true, true
		t.PlainReads = true // it has no compressor
	}}},
	Python2:   true,
	Example:   `"10.0.0.1:6379"`,
	Separator: ";",
	DB:        1,
	Options:   used("db"),
}
