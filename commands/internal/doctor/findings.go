package doctor

import (
	"cmp"
	"slices"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/config"
)

// A Level is how bad a finding is.
type Level string

// The levels, worst first. A notice is a fact that is good to know and no reason for
// an exit code.
const (
	Error   Level = "error"   // the application fails on it, or loses entries
	Warning Level = "warning" // it may, or will once something else happens
	Notice  Level = "notice"
)

// A Kind of finding: its name, which is stable, how bad it is, and why it matters.
type Kind struct {
	Code  string
	Level Level
	Why   string
}

// Kinds are all that can be found, in the order in which a cache is looked at.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	{"unreachable", Error, "every key whose home is there is missing to the application, and bulk work leaves them out"},
	{"login_refused", Error, "without a login nothing on that server can be read or written"},
	{"command_refused", Notice, "what it would tell is not known here"},
	{"transactions_refused", Warning, "reinsert and rebalance change nothing there: without transactions an update of the application could be lost"},
	{"keys_refused", Warning, "without it neither the keys that are there nor their values could be judged, and bulk work fails on this shard"},

	{"server_mode", Error, "such a server does not keep keys as a single Redis does: a cluster redirects, which these libraries do not follow, and a sentinel holds no keys"},
	{"old_server", Warning, "Redis before 6.0 has no ACL users and no KEEPTTL: an expiry is set anew where a value is rewritten"},
	{"mixed_servers", Notice, "commands and eviction may behave differently from shard to shard"},
	{"writes_to_replica", Error, "a replica refuses writes, or loses them when it is synchronised"},
	{"reads_from_master", Warning, "the application reads there, and nobody copies to it what is written: it finds old values or none"},
	{"link_down", Error, "it goes on answering with what it had when the link broke"},
	{"replica_lag", Warning, "who reads from the replica sees old values, and what it lacks is lost if it takes over"},
	{"unsaved_master", Notice, "a master that starts empty after a crash empties its replicas as well"},

	{"noeviction", Warning, "once memory is full every write fails, and the cache makes no room by itself"},
	{"volatile_without_expiry", Warning, "only keys with an expiry are evicted, and with none left every write fails once memory is full"},
	{"unbounded_memory", Warning, "entries that never expire pile up until the machine has no memory left"},
	{"evictions", Warning, "entries went before their time: sessions that end early, locks that open, values made again and again"},
	{"save_failing", Error, "after a save that failed a server refuses every write by default (stop-writes-on-bgsave-error), and a restart loses what was not saved"},

	{"clock_skew", Warning, "expiries that are stored or moved as a moment in time end early or late: HerdClient, EXPIREAT, entries that change shards"},
	{"clocks_differ", Warning, "an entry that moves from shard to shard, or a replica that takes over, changes how long entries live"},

	{"plaintext_password", Warning, "whoever can listen on the way can read it, and with it the cache"},
	{"certificate_unchecked", Warning, "encryption without knowing with whom keeps nobody out who can stand in between"},

	{"wrong_database", Warning, "an application and a configuration that name different databases do not see each other's entries"},
	{"other_database", Notice, "they may be left from a time when the database was another, and take memory"},
	{"wrong_prefix", Warning, "key_prefix begins every stored key: with another one no entry is found"},
	{"wrong_version", Warning, "version is part of every stored key: with another one no entry is found"},
	{"other_versions", Notice, "the application sees them only if it asks for that version; the rest takes memory until it expires"},
	{"foreign_keys", Notice, "clear --database, and clear() of Django, would delete them as well"},

	{"protocol_too_new", Error, "pickle.loads of the configured Python fails on them"},
	{"other_serializer", Error, "the configured serializer cannot read them"},
	{"other_compressor", Error, "the configured compressor cannot read them"},
	{"other_protocol", Notice, "the application reads them, and writes another protocol by now"},
	{"unreadable_values", Warning, "the application fails on them, or they are not its own"},

	{"wrong_ring", Error, "the ring decides on which shard a key is looked for: under another one most entries are missing, and bulk work passes them by"},
	{"misplaced_keys", Warning, "the application does not find what is not where its ring looks for it"},
	{"password_in_location", Warning, "this ring hashes the password with the location: once it changes, nearly every key has another home"},
	{"mixed_spelling", Warning, "this ring hashes the spelling: made alike one day, locations move keys"},
	{"order_matters", Notice, "this ring knows servers by their place in the list: in another order keys have other homes"},
	{"several_locations", Warning, "this backend does not shard: one location takes every write, and the others only hold what is replicated to them"},
	{"listed_twice", Warning, "a server that is listed twice gets twice its share, or nothing, depending on the ring"},
	{"location_spelling", Warning, "the library takes it for something else than was meant"},

	{"setting", Warning, "the application behaves differently from what the setting seems to say"},
	{"setting_without_effect", Warning, "the application gets nothing from it, and may rely on it"},
	{"ignored_setting", Notice, "it matters to the application and changes nothing here"},
	{"protocol_unknown", Warning, "set, and reinsert without a target, cannot know what the application writes"},
	{"file_permissions", Warning, "it says where passwords go and which command is run, or holds one"},
}

// Finding is something that was found.
type Finding struct {
	Kind
	Shard  *Shard // nil: the cache as a whole
	What   string
	Remedy []advice.Part
}

// text is words of a remedy.
type text = advice.Text

// examination collects what the facts amount to.
type examination struct {
	*Facts
	found []Finding
}

// Diagnose tells what is wrong, the worst first. It asks nobody: the facts are
// all it knows.
func Diagnose(f *Facts) []Finding {
	e := &examination{Facts: f}
	for _, sh := range f.Shards {
		if sh.Err != nil {
			e.reach(sh)
			continue
		}
		e.refusals(sh)
		e.security(sh)
		e.clock(sh)
		if sh.Info.Refused == nil {
			e.server(sh)
			e.replication(sh)
			e.memory(sh)
			e.saves(sh)
		}
		if !f.quick {
			e.database(sh)
		}
	}
	e.servers()
	e.clocks()
	if !f.quick {
		e.keys()
		e.codecs()
		e.ring()
	}
	e.spelling()
	e.settings()
	slices.SortStableFunc(e.found, func(a, b Finding) int { return cmp.Compare(severity(a.Level), severity(b.Level)) })
	return e.found
}

func severity(level Level) int { return slices.Index([]Level{Error, Warning, Notice}, level) }

// find notes a finding about one shard, or about the cache where sh is nil.
func (e *examination) find(code string, sh *Shard, what string, remedy ...advice.Part) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Code == code })
	e.found = append(e.found, Finding{kinds[i], sh, what, remedy})
}

// settings tells what the configuration itself gives reason to.
func (e *examination) settings() {
	for _, f := range e.about {
		remedy := text(f.Hint)
		if f.Code == config.CodeIgnored {
			remedy = "nothing; the application keeps it"
		}
		f.Hint = ""
		e.find(string(f.Code), nil, f.String(), remedy)
	}
}
