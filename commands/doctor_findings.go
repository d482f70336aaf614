package commands

import (
	"cmp"
	"slices"
	"strings"

	"cachering/commands/internal/config"
)

// The levels of what doctor finds, worst first. A notice is a fact that is good
// to know and no reason for an exit code.
const (
	levelError   = "error"   // the application fails on it, or loses entries
	levelWarning = "warning" // it may, or will once something else happens
	levelNotice  = "notice"
)

// ailment is a kind of finding: its name in JSON, how bad it is, and why it
// matters.
type ailment struct {
	code, level, why string
}

// ailments are all that doctor can find, in the order in which a cache is looked
// at.
var ailments = []ailment{
	{"unreachable", levelError, "every key whose home is there is missing to the application, and bulk work leaves them out"},
	{"login_refused", levelError, "without a login nothing on that server can be read or written"},
	{"command_refused", levelNotice, "what it would tell is not known here"},
	{"keys_refused", levelWarning, "without it neither the keys that are there nor their values could be judged, and bulk work fails on this shard"},

	{"server_mode", levelError, "such a server does not keep keys as a single Redis does: a cluster redirects, which these libraries do not follow, and a sentinel holds no keys"},
	{"old_server", levelWarning, "Redis before 6.0 has no ACL users and no KEEPTTL: an expiry is set anew where a value is rewritten"},
	{"mixed_servers", levelNotice, "commands and eviction may behave differently from shard to shard"},
	{"writes_to_replica", levelError, "a replica refuses writes, or loses them when it is synchronised"},
	{"reads_from_master", levelWarning, "the application reads there, and nobody copies to it what is written: it finds old values or none"},
	{"link_down", levelError, "it goes on answering with what it had when the link broke"},
	{"replica_lag", levelWarning, "who reads from the replica sees old values, and what it lacks is lost if it takes over"},
	{"unsaved_master", levelNotice, "a master that starts empty after a crash empties its replicas as well"},

	{"noeviction", levelWarning, "once memory is full every write fails, and the cache makes no room by itself"},
	{"volatile_without_expiry", levelWarning, "only keys with an expiry are evicted, and with none left every write fails once memory is full"},
	{"unbounded_memory", levelWarning, "entries that never expire pile up until the machine has no memory left"},
	{"evictions", levelWarning, "entries went before their time: sessions that end early, locks that open, values made again and again"},
	{"save_failing", levelError, "after a save that failed a server refuses every write by default (stop-writes-on-bgsave-error), and a restart loses what was not saved"},

	{"clock_skew", levelWarning, "expiries that are stored or moved as a moment in time end early or late: HerdClient, EXPIREAT, entries that change shards"},
	{"clocks_differ", levelWarning, "an entry that moves from shard to shard, or a replica that takes over, changes how long entries live"},

	{"plaintext_password", levelWarning, "whoever can listen on the way can read it, and with it the cache"},
	{"certificate_unchecked", levelWarning, "encryption without knowing with whom keeps nobody out who can stand in between"},

	{"wrong_database", levelWarning, "an application and a configuration that name different databases do not see each other's entries"},
	{"other_database", levelNotice, "they may be left from a time when the database was another, and take memory"},
	{"wrong_prefix", levelWarning, "key_prefix begins every stored key: with another one no entry is found"},
	{"wrong_version", levelWarning, "version is part of every stored key: with another one no entry is found"},
	{"other_versions", levelNotice, "the application sees them only if it asks for that version; the rest takes memory until it expires"},
	{"foreign_keys", levelNotice, "clear --database, and clear() of Django, would delete them as well"},

	{"protocol_too_new", levelError, "pickle.loads of the configured Python fails on them"},
	{"other_serializer", levelError, "the configured serializer cannot read them"},
	{"other_compressor", levelError, "the configured compressor cannot read them"},
	{"other_protocol", levelNotice, "the application reads them, and writes another protocol by now"},
	{"unreadable_values", levelWarning, "the application fails on them, or they are not its own"},

	{"wrong_ring", levelError, "the ring decides on which shard a key is looked for: under another one most entries are missing, and bulk work passes them by"},
	{"misplaced_keys", levelWarning, "the application does not find what is not where its ring looks for it"},
	{"password_in_location", levelWarning, "this ring hashes the password with the location: once it changes, nearly every key has another home"},
	{"mixed_spelling", levelWarning, "this ring hashes the spelling: made alike one day, locations move keys"},
	{"order_matters", levelNotice, "this ring knows servers by their place in the list: in another order keys have other homes"},
	{"several_locations", levelWarning, "this backend does not shard: one location takes every write, and the others only hold what is replicated to them"},
	{"listed_twice", levelWarning, "a server that is listed twice gets twice its share, or nothing, depending on the ring"},
	{"location_spelling", levelWarning, "the library takes it for something else than was meant"},

	{"setting", levelWarning, "the application behaves differently from what the setting seems to say"},
	{"setting_without_effect", levelWarning, "the application gets nothing from it, and may rely on it"},
	{"ignored_setting", levelNotice, "it matters to the application and changes nothing here"},
	{"protocol_unknown", levelWarning, "set, and reinsert without a target, cannot know what the application writes"},
	{"file_permissions", levelWarning, "it says where passwords go and which command is run, or holds one"},
}

// diagnosis is one finding.
type diagnosis struct {
	Cache   string  `json:"cache"`
	Shard   *string `json:"shard"` // null: the cache as a whole
	Finding string  `json:"finding"`
	Level   string  `json:"level"`
	What    string  `json:"what"`
	Why     string  `json:"why"`
	Remedy  string  `json:"remedy"`
}

// examination collects what the facts amount to.
type examination struct {
	*facts
	found []diagnosis
}

// diagnose tells what is wrong, the worst first. It asks nobody: the facts are
// all it knows.
func diagnose(f *facts) []diagnosis {
	e := &examination{facts: f}
	for _, sh := range f.shards {
		if sh.err != nil {
			e.reach(sh)
			continue
		}
		e.refusals(sh)
		e.security(sh)
		e.clock(sh)
		if sh.info.Refused == nil {
			e.server(sh)
			e.replication(sh)
			e.memory(sh)
			e.saves(sh)
		}
		e.database(sh)
	}
	e.servers()
	e.clocks()
	e.keys()
	e.codecs()
	e.ring()
	e.spelling()
	e.settings()
	slices.SortStableFunc(e.found, func(a, b diagnosis) int { return cmp.Compare(severity(a.Level), severity(b.Level)) })
	return e.found
}

func severity(level string) int { return strings.Index(levelError+levelWarning+levelNotice, level) }

// find notes a finding about one shard, or about the cache where sh is nil.
func (e *examination) find(code string, sh *shardFacts, what, remedy string) {
	i := slices.IndexFunc(ailments, func(a ailment) bool { return a.code == code })
	d := diagnosis{Cache: e.cache.Alias, Finding: code, Level: ailments[i].level, What: what, Why: ailments[i].why, Remedy: remedy}
	if sh != nil {
		d.Shard = &sh.name
	}
	e.found = append(e.found, d)
}

// settings tells what the configuration itself gives reason to.
func (e *examination) settings() {
	for _, f := range e.about {
		remedy := f.Hint
		if f.Code == config.CodeIgnored {
			remedy = "nothing; the application keeps it"
		}
		f.Hint = ""
		e.find(string(f.Code), nil, f.String(), remedy)
	}
}
