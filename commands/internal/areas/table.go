package areas

// The areas. Other comes first.
const (
	Other Area = iota // none that is known: the application's own

	Sessions    // in the cache alone
	SessionsDB  // in the cache, and in the database
	Pages       // responses
	PageHeaders // which headers responses vary by
	Fragments   // of templates
	StaticFiles // hashes in the names of files
	Models      // instances, by their value alone

	RedisSessions
	Cacheops
	CacheopsConj
	CacheopsSchemes
	Cachalot
	CachalotStamps
	CachexORM
	CachexLeases
	Johnny
	CacheMachine
	CacheMachineFlush

	Throttles
	Ratelimit
	Axes
	AllauthRatelimit
	AllauthTOTP
	Defender
	Waffle
	Constance
	ConstanceDB
	Solo
	Locks
	Markers
	CachexSemaphores

	Sorl
	SorlDB
	WagtailRenditions
	WagtailSites
	ImageKit
	Compressor
	CMS

	Celery
	CeleryResults
	RedBeat
	Flower
	RQ
	Huey
	DjangoQ
	Channels
	Dramatiq
	HealthCheck
	CachexSync

	MD5Like
	SHA1Like
	SHA256Like

	count = iota
)

// What several areas mean.
const (
	logsOut   = "logs users out"
	staleRows = "leaves stale queries"
	startOver = "counters start again"
	unlocks   = "unlocks accounts"
	letsGo    = "lets go of locks"
	losesWork = "loses queued tasks"
)

// table says what is known of each area.
var table = [count]about{
	Other: {name: "other", title: "others"},

	Sessions:    {"sessions", "", "django.contrib.sessions.backends.cache", Logout, logsOut},
	SessionsDB:  {"sessions-db", "sessions of cached_db", "django.contrib.sessions.backends.cached_db", Recomputed, ""},
	Pages:       {"pages", "", "django.middleware.cache", Recomputed, ""},
	PageHeaders: {"page-headers", "headers of pages", "django.utils.cache", Recomputed, ""},
	Fragments:   {"fragments", "", "django.core.cache.utils", Recomputed, ""},
	StaticFiles: {"static-files", "hashes of static files", "django.contrib.staticfiles.storage", Recomputed, ""},
	Models:      {"models", "model instances", "django.db.models.base", Recomputed, ""},

	RedisSessions:     {"redis-sessions", "sessions of django-redis-sessions", "redis_sessions.session", Logout, logsOut},
	Cacheops:          {"cacheops", "", "cacheops.query", Recomputed, ""},
	CacheopsConj:      {"cacheops-conj", "cacheops conj:", "cacheops.query", Stale, staleRows},
	CacheopsSchemes:   {"cacheops-schemes", "cacheops schemes:", "cacheops.query", Stale, staleRows},
	Cachalot:          {"cachalot", "", "cachalot.utils", Recomputed, ""},
	CachalotStamps:    {"cachalot-stamps", "cachalot stamps of tables", "cachalot.utils", Recomputed, ""},
	CachexORM:         {"cachex-orm", "queries of django-cachex", "django_cachex.orm", Recomputed, ""},
	CachexLeases:      {"cachex-leases", "leases of django-cachex", "django_cachex.orm", State, letsGo},
	Johnny:            {"johnny-cache", "", "johnny.cache", Recomputed, ""},
	CacheMachine:      {"cache-machine", "", "caching.base", Recomputed, ""},
	CacheMachineFlush: {"cache-machine-flush", "cache-machine flush:", "caching.invalidation", Stale, staleRows},

	Throttles:        {"throttles", "", "rest_framework.throttling", State, startOver},
	Ratelimit:        {"ratelimit", "", "django_ratelimit.core", State, startOver},
	Axes:             {"axes", "", "axes.helpers", State, unlocks},
	AllauthRatelimit: {"allauth-ratelimit", "allauth rate limits", "allauth.core.internal.ratelimit", State, startOver},
	AllauthTOTP:      {"allauth-totp", "allauth used codes", "allauth.mfa.totp.internal.auth", State, "used codes work again"},
	Defender:         {"defender", "", "defender.utils", State, unlocks},
	Waffle:           {"waffle", "", "waffle.utils", Recomputed, ""},
	Constance:        {"constance", "", "constance.backends.redisd", State, "loses settings"},
	ConstanceDB:      {"constance-db", "constance of the database", "constance.backends.database", Recomputed, ""},
	Solo:             {"solo", "", "solo.models", Recomputed, ""},
	Locks:            {"locks", "", "redis.lock", State, letsGo},
	Markers:          {"markers", "", "", Recomputed, ""},
	CachexSemaphores: {"cachex-semaphores", "semaphores of django-cachex", "django_cachex", State, letsGo},

	Sorl:              {"sorl-thumbnail", "", "sorl.thumbnail.kvstores.redis_kvstore", State, "leaves files behind"},
	SorlDB:            {"sorl-thumbnail-db", "sorl-thumbnail of the database", "sorl.thumbnail.kvstores.cached_db_kvstore", Recomputed, ""},
	WagtailRenditions: {"wagtail-renditions", "", "wagtail.images.models", Recomputed, ""},
	WagtailSites:      {"wagtail-sites", "", "wagtail.models", Recomputed, ""},
	ImageKit:          {"imagekit", "", "imagekit.cachefiles.backends", Recomputed, ""},
	Compressor:        {"compressor", "", "compressor.cache", Recomputed, ""},
	CMS:               {"cms", "django CMS", "cms.cache", Recomputed, ""},

	Celery:        {"celery", "", "kombu.transport.redis", State, losesWork},
	CeleryResults: {"celery-results", "results of celery", "celery.backends", State, "loses results of tasks"},
	RedBeat:       {"redbeat", "", "redbeat.schedulers", State, "loses schedules"},
	Flower:        {"flower", "", "flower", State, "loses its history"},
	RQ:            {"rq", "", "rq", State, losesWork},
	Huey:          {"huey", "", "huey.storage", State, losesWork},
	DjangoQ:       {"django-q", "", "django_q.brokers", State, losesWork},
	Channels:      {"channels", "", "channels_redis.core", State, "loses messages"},
	Dramatiq:      {"dramatiq", "", "dramatiq.brokers.redis", State, losesWork},
	HealthCheck:   {"health-check", "", "health_check.cache", Recomputed, ""},
	CachexSync:    {"cachex-sync", "changes for other processes of django-cachex", "django_cachex", State, "loses messages"},

	MD5Like:    {name: "md5-like", title: "unknown (md5-like)"},
	SHA1Like:   {name: "sha1-like", title: "unknown (sha1-like)"},
	SHA256Like: {name: "sha256-like", title: "unknown (sha256-like)"},
}
