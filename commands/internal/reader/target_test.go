package reader_test

import (
	"strings"
	"testing"

	"cachering/commands/internal/library"
	"cachering/commands/internal/reader"
)

const djangoRedis = "backend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\nlocation = \"redis://10.0.0.1:6379/1\"\n[caches.default.options]\n"

// TestTargets: what readers make of values that are stored as the cache has it.
func TestTargets(t *testing.T) {
	herd := func(module string) []byte {
		return []byte("\x80\x02c" + module + "\nMarker\n)\x81K\x05J\xff\xff\xff\x7f\x87.")
	}
	model := []byte("\x80\x02cdjango.db.models.base\nmodel_unpickle\nX\x04\x00\x00\x00authX\x04\x00\x00\x00User\x86\x85R}X\x0f\x00\x00\x00_django_versionX\x06\x00\x00\x003.2.25sb.")
	for _, c := range []struct {
		name, cache, reader string
		data                []byte
		cause               reader.Cause
		mended              bool
	}{
		{"as it is", djangoRedis, "python=3.12", stored(t, "[1]", "pickle:5"), reader.Read, false},
		{"protocol", djangoRedis, "python=3.7", stored(t, "[1]", "pickle:5"), reader.Protocol, true},
		{"Python 2", djangoRedis, "python=2.7", stored(t, "[1]", "pickle:4"), reader.Protocol, true},
		{"digits", djangoRedis, "python=3.12", []byte(strings.Repeat("7", 4301)), reader.Integer, false},
		{"digits of an older Python", djangoRedis, "python=3.6", []byte(strings.Repeat("7", 4301)), reader.Read, false},
		{"lz4 where it is", djangoRedis + "compressor = \"lz4\"", "django-redis=4.12", stored(t, "'"+strings.Repeat("x", 99)+"'", "pickle:4+lz4"), reader.Read, false},
		{"lz4 where it is not", djangoRedis + "compressor = \"lz4\"", "django-redis=4.9", stored(t, "'"+strings.Repeat("x", 99)+"'", "pickle:4+lz4"), reader.Compressor, true},
		{"zstd where it is not", djangoRedis + "compressor = \"zstd\"", "django-redis=4.12", stored(t, "'"+strings.Repeat("x", 99)+"'", "pickle:4+zstd"), reader.Compressor, true},
		{"another library without it", djangoRedis + "compressor = \"zstd\"", "django-redis-cache=3.0.1,python=3.12", stored(t, "'"+strings.Repeat("x", 99)+"'", "pickle:4+zstd"), reader.Compressor, true},
		{"JSON where there is none", djangoRedis + "serializer = \"json\"", "django=5.2", stored(t, "{'a': 1}", "json"), reader.Read, false},
		{"strict keys", djangoRedis + "serializer = \"msgpack\"", "msgpack=1.0", []byte("\x81\x05\xa1a"), "unrepresentable", false},
		{"any keys", djangoRedis + "serializer = \"msgpack\"", "msgpack=0.6", []byte("\x81\x05\xa1a"), reader.Read, false},
		{"an argument that is gone", redisCache + "serializer = \"msgpack\"", "msgpack=1.0", []byte("\x81\xa1b\xa1a"), reader.Refused, false},
		{"a float", djangoRedis, "django-valkey=0.2.1", []byte("-7"), reader.OtherNumber, false},
		{"no float", djangoRedis, "django-valkey=0.1.8", []byte("-7"), reader.Read, false},
		{"herd", djangoRedis + "client_class = \"django_redis.client.HerdClient\"", "python=3.12", herd("django_redis.client.herd"), reader.Read, false},
		{"herd of another", djangoRedis + "client_class = \"django_redis.client.HerdClient\"", "django-valkey=0.4.0", herd("django_redis.client.herd"), reader.Herd, false},
		{"herd for none", djangoRedis, "python=3.12", herd("django_redis.client.herd"), reader.Herd, false},
		{"its Django", djangoRedis, "django=3.2", model, reader.Read, false},
		{"another Django", djangoRedis, "django=5.2", model, reader.OtherDjango, false},
		{"what Django dropped", djangoRedis, "django=5.2", []byte("cdjango.utils.timezone\nFixedOffset\n."), reader.NameGone, false},
		{"what Django had", djangoRedis, "django=2.2", []byte("cdjango.utils.timezone\nFixedOffset\n."), reader.Read, false},
		{"what is in between", djangoRedis, "django=3.0", []byte("cdjango.utils.timezone\nFixedOffset\n."), reader.Read, false},
		{"what the application has", djangoRedis, "django=5.2,python=3.13", []byte("cdjango.contrib.myapp\nThing\n."), reader.Read, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, err := reader.ParseTarget(cacheOf(t, c.cache), c.reader)
			if err != nil {
				t.Fatal(err)
			}
			e, err := target.Examiner()
			if err != nil {
				t.Fatal(err)
			}
			got := e.Examine([]byte(":1:k"), c.data)
			if got.Cause != c.cause || got.Mended != c.mended {
				t.Errorf("got %q (%s), mended %v; want %q, %v; notes %q", got.Cause, got.Why, got.Mended, c.cause, c.mended, target.Notes)
			}
		})
	}
}

// TestTargetsOfEveryLibrary: each release of a library can be asked for, without its cache.
func TestTargetsOfEveryLibrary(t *testing.T) {
	for _, l := range library.All() {
		if l.Python2 {
			continue
		}
		target, err := reader.ParseTarget(cacheOf(t, djangoRedis), string(l.Name)+"="+l.Newest())
		if err == nil {
			_, err = target.Examiner()
		}
		if err != nil {
			t.Errorf("%s %s: %v", l.Name, l.Newest(), err)
		}
	}
}

// TestTargetMistakes: readers that are none are refused, with what there is.
func TestTargetMistakes(t *testing.T) {
	for _, spec := range []string{"", "python", "python=", "python=banana", "python=4.1", "python=3.12,python=3.13", "django=x", "django-redis=0.1", "msgpack=new", "flask=1"} {
		if target, err := reader.ParseTarget(cacheOf(t, djangoRedis), spec); err == nil {
			t.Errorf("%q: %+v", spec, target)
		}
	}
}
