package areas

import "bytes"

// A layer is how keys are written.
type layer uint8

const (
	// cached: through a cache of Django, which puts prefix and version in front. The
	// pattern is of what follows them.
	cached layer = 1 << iota
	// direct: with a client of the package's own. The pattern is of the whole key.
	direct
	// either: some settings of the package have it write in the one way, some in the
	// other, or put a text of the application's choice in front, which may be a prefix
	// and a version.
	either = cached | direct
)

// A pattern is how the keys of an area look: they have this beginning, and what
// follows is accepted by rest, where there is one.
type pattern struct {
	start string
	area  Area
	layer layer
	rest  func([]byte) bool
}

func (p *pattern) fits(key []byte) bool {
	return len(key) >= len(p.start) && string(key[:len(p.start)]) == p.start && (p.rest == nil || p.rest(key[len(p.start):]))
}

// patterns are those of all areas. Where a beginning is one that nobody else would
// take, what follows it is not looked at.
var patterns = []pattern{
	// No separator before the id, which is 32 letters and digits. Whatever else stands
	// there is rather taken for a session than lost.
	{"django.contrib.sessions.cache", Sessions, cached, nil},
	{"django.contrib.sessions.cached_db", SessionsDB, cached, nil},
	{"django.contrib.sessions.", SessionsDB, cached, nil}, // variants of cached_db, by a word of their own
	{"views.decorators.cache.cache_page.", Pages, cached, nil},
	{"views.decorators.cache.cache_header.", PageHeaders, cached, nil},
	{"template.cache.", Fragments, cached, endsInMD5},
	{"staticfiles:", StaticFiles, cached, md5},

	// CACHEOPS_PREFIX is free text in front.
	{"q:", Cacheops, either, md5},
	{"as:", Cacheops, either, md5Of},
	{"asp:", Cacheops, either, nil},
	{"c:", Cacheops, either, md5},
	{"conj:", CacheopsConj, either, word},
	{"schemes:", CacheopsSchemes, either, oneWord},
	{"orm:{", CachexORM, cached, func(rest []byte) bool { return tagged(rest, ":q:") || tagged(rest, ":g:") }},
	{"orm:{", CachexLeases, cached, func(rest []byte) bool { return tagged(rest, ":l:") }},
	{"jc_", Johnny, cached, nil},
	{"o:", CacheMachine, cached, nil},
	{"flush:", CacheMachineFlush, cached, nil},

	{"throttle_", Throttles, cached, scoped},
	{"rl:", Ratelimit, cached, digest}, // RATELIMIT_HASH_ALGORITHM
	{"axes-", Axes, cached, digest},    // md5 up to 5.x
	{"allauth:rl:", AllauthRatelimit, cached, twoWords},
	{"allauth.mfa.totp.used?user=", AllauthTOTP, cached, nil},
	{"defender:failed:", Defender, direct, twoWords}, // ip or username, and which
	{"defender:blocked:", Defender, direct, twoWords},
	{"waffle:", Waffle, cached, func(rest []byte) bool { return len(rest) > 0 && isDigit(rest[0]) }},
	{"constance:", Constance, direct, some},
	{"constance:", ConstanceDB, cached, some},
	{"autofilled", ConstanceDB, cached, none},
	{"solo:", Solo, cached, twoWords},
	{"__fresh__", Markers, direct, some},
	{"__lock__", Locks, direct, some},
	{"_lock", Locks, direct, some},
	{"{", CachexSemaphores, direct, semaphore},

	{"sorl-thumbnail||image||", Sorl, direct, md5},
	{"sorl-thumbnail||thumbnails||", Sorl, direct, md5},
	{"sorl-thumbnail||image||", SorlDB, cached, md5},
	{"sorl-thumbnail||thumbnails||", SorlDB, cached, md5},
	{"wagtail-rendition-", WagtailRenditions, cached, func(rest []byte) bool { return len(rest) > 0 && isDigit(rest[0]) }},
	{"wagtail_site_root_paths", WagtailSites, cached, nil},
	{"imagekit:", ImageKit, cached, func(rest []byte) bool { return bytes.HasSuffix(rest, []byte("-state")) }},
	{"django_compressor.", Compressor, cached, some},
	{"", Compressor, cached, func(key []byte) bool { return bytes.Contains(key, []byte(".django_compressor.")) }}, // a host in front
	{"cms-", CMS, cached, nil},
	{"cms_", CMS, cached, nil},
	{"cms:", CMS, cached, nil},
	{"menu_", CMS, cached, nil},

	// What follows is never a value of a cache but for results and probes.
	{"celery", Celery, direct, none},
	{"_kombu.binding.", Celery, direct, nil},
	{"unacked", Celery, direct, none},
	{"unacked_index", Celery, direct, none},
	{"unacked_mutex", Celery, direct, none},
	{"", Celery, direct, priority},
	{"celery-task-meta-", CeleryResults, either, nil},
	{"celery-taskset-meta-", CeleryResults, either, nil},
	{"redbeat:", RedBeat, direct, nil},
	{"flower", Flower, direct, nil},
	{"rq:", RQ, direct, rqWord},
	{"huey.redis.", Huey, direct, nil},
	{"huey.schedule.", Huey, direct, nil},
	{"huey.results.", Huey, direct, nil},
	{"django_q:", DjangoQ, direct, nil},
	{"asgi:group:", Channels, direct, nil},
	{"asgispecific", Channels, direct, nil},
	{"asgi__group__", Channels, direct, nil},
	{"dramatiq:", Dramatiq, direct, nil},
	{"health_check", HealthCheck, either, nil},
	{"djhc", HealthCheck, either, nil},
	{"", CachexSync, direct, func(key []byte) bool { return bytes.HasSuffix(key, []byte(":cache:sync")) }},
}

func none(rest []byte) bool { return len(rest) == 0 }
func some(rest []byte) bool { return len(rest) > 0 }

// word begins with a word and a colon, twoWords goes on behind it; oneWord has no colon.
func word(rest []byte) bool    { return bytes.IndexByte(rest, ':') > 0 }
func oneWord(rest []byte) bool { return len(rest) > 0 && bytes.IndexByte(rest, ':') < 0 }
func twoWords(rest []byte) bool {
	colon := bytes.IndexByte(rest, ':')
	return colon > 0 && colon < len(rest)-1
}

// scoped is SCOPE_IDENT of rest_framework.
func scoped(rest []byte) bool {
	bar := bytes.IndexByte(rest, '_')
	return bar > 0 && bar < len(rest)-1
}

// md5 is 32 hexadecimal digits, digest as many as some hash has.
func md5(rest []byte) bool { return len(rest) == 32 && isHex(rest) }

func digest(rest []byte) bool {
	switch len(rest) {
	case 32, 40, 56, 64, 96, 128:
		return isHex(rest)
	}
	return false
}

// md5Of is an md5, or what belongs to one: ":signal" of cacheops.
func md5Of(rest []byte) bool {
	return len(rest) >= 32 && isHex(rest[:32]) && (len(rest) == 32 || rest[32] == ':')
}

// endsInMD5 is a name, a full stop and an md5.
func endsInMD5(rest []byte) bool {
	n := len(rest) - 32
	return n > 1 && rest[n-1] == '.' && isHex(rest[n:])
}

// tagged tells whether what follows a hash tag, whose brace is open, begins so.
func tagged(rest []byte, next string) bool {
	end := bytes.IndexByte(rest, '}')
	return end >= 0 && bytes.HasPrefix(rest[end+1:], []byte(next))
}

// semaphore is what follows the brace of a semaphore of django-cachex:
// NAME}:(state|claims|queue)(:(claim|waiter):HEX)?
func semaphore(rest []byte) bool {
	for _, word := range [...]string{"}:state", "}:claims", "}:queue"} {
		at := bytes.LastIndex(rest, []byte(word))
		if at < 0 {
			continue
		}
		after := rest[at+len(word):]
		for _, of := range [...]string{":claim:", ":waiter:"} {
			if id, ok := bytes.CutPrefix(after, []byte(of)); ok {
				return len(id) > 0 && isHex(id)
			}
		}
		return len(after) == 0
	}
	return false
}

// priority is how kombu marks the queues of priorities above the lowest:
// \x06\x16 and a digit at the end.
func priority(key []byte) bool {
	n := len(key)
	return n > 3 && key[n-3] == 6 && key[n-2] == 0x16 && isDigit(key[n-1])
}

// rqWord is what rq calls its keys after "rq:".
func rqWord(rest []byte) bool {
	for _, word := range [...]string{"job", "queue", "worker", "wip", "finished", "failed", "scheduled", "deferred", "canceled",
		"execution", "group", "cron", "clean_registries", "scheduler-lock"} {
		if bytes.HasPrefix(rest, []byte(word)) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(text []byte) bool {
	for _, c := range text {
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
