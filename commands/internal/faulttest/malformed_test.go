package faulttest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cachering/commands"
)

// malformed are locations in which a password was not escaped, or a URL went wrong
// another way. qwerty and zxcvb are pieces of the password.
var malformed = []string{
	"redis://qwerty#zxcvb@127.0.0.1:1/3",
	"redis://qwerty?zxcvb@127.0.0.1:1/3",
	"redis://qwerty/zxcvb@127.0.0.1:1/3",
	"redis://:qwerty#zxcvb@127.0.0.1:1/3",
	"redis://:qwerty?zxcvb@127.0.0.1:1/3",
	"redis://:qwerty/zxcvb@127.0.0.1:1/3",
	"redis://:qwerty/zxcvb=@127.0.0.1:1/3",
	"redis://:qwerty?a=zxcvb&b=1@127.0.0.1:1/3",
	"redis://:1/qwerty?zxcvb@127.0.0.1:1/3",
	"redis://u:1/qwerty#zxcvb@127.0.0.1:1/3",
	"rediss://u:1#qwerty/zxcvb@127.0.0.1:1/3",
	"redis://#qwerty@127.0.0.1:1/zxcvb@",
	"redis://u:qwerty[zxcvb@127.0.0.1:1/3",
	"redis://u:qwerty]zxcvb@[::1]:1/3",
	"redis://u:[qwerty]zxcvb@[::1/3",
	"redis://[u:qwerty]/zxcvb@127.0.0.1",
	"redis://u:qwerty@zxcvb@127.0.0.1:port/3",
	"redis://u:qwerty@127.0.0.1:1:zxcvb@/3",
	"redis://u%3Aqwerty%40127.0.0.1:1/3",
	"redis://u%3Aqwerty%3Azxcvb:1/3",
	"redis://qwerty%2Fzxcvb%40127.0.0.1",
	"redis://u:qwerty@127.0.0.1:1/-1",
	"redis://u:qwerty@127.0.0.1:1?db=-1&password=zxcvb",
	"redis://u:qwerty@127.0.0.1:1?db=x&password=zxcvb",
	"redis://127.0.0.1:99999?password=qwerty@zxcvb",
	"redis://u:qwerty＠zxcvb@127.0.0.1:1/3",
	"redis:/u:qwerty@127.0.0.1:1/3",
	"redis//u:qwerty@127.0.0.1:1/3",
	"redis:u:qwerty@127.0.0.1:1/3",
	"://u:qwerty@127.0.0.1:1/3",
	"rdis://u:qwerty#zxcvb@127.0.0.1:1/3",
	"unix://u:qwerty/zxcvb@/run/r.sock",
	"unix://qwerty/zxcvb@/run/r.sock?db=1",
	"unix://u:qwerty@/run/r.sock#zxcvb@",
	"unix://u:qwerty#zxcvb@/run/r.sock",
	"u:qwerty@zxcvb@127.0.0.1:port",
	"rediss://u:qwerty@127.0.0.1:1/0?ssl_cert_reqs=CERT_NONE",
	"rediss://u:qwerty@127.0.0.1:1/0?ssl_qwerty=zxcvb@x",
}

// No message of any command shows a piece of a password, however its URL went wrong.
func TestMalformedLocationsShowNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backends := []string{
		"backend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\n",
		"backend = \"redis_cache.RedisCache\"\n",
		"backend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\n",
		"backend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\noptions.client_class = \"django_redis.client.ShardClient\"\n",
		"backend = \"django_redis.cache.RedisCache\"\nrelease = \"4.4.0\"\n",
		"backend = \"django.core.cache.backends.redis.RedisCache\"\n",
		"backend = \"django_valkey.cache.ValkeyCache\"\nrelease = \"0.2.1\"\n",
		"backend = \"dredis_cache.RedisCache\"\nrelease = \"1.3.0a\"\n",
	}
	for i, backend := range backends {
		for j, location := range malformed {
			path := filepath.Join(dir, fmt.Sprintf("%d-%d.toml", i, j))
			text := "[caches.default]\n" + backend + "location = [" + strconv.Quote(location) + "]\noptions.python = \"3.12\"\noptions.socket_connect_timeout = 1\n"
			if strings.HasPrefix(backend, `backend = "dredis`) {
				text = strings.Replace(text, `"3.12"`, `"2.7"`, 1)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, words := range [][]string{
				{"config", "check", "--json"}, {"config", "show"}, {"ring", "show"}, {"ring", "locate", "k"}, {"ring", "diff", "--add", location, "--model", "10"},
				{"get", "k"}, {"doctor"}, {"explain", "k"}, {"keys"}, {"check"},
			} {
				var out, errs bytes.Buffer
				code := commands.Main(append([]string{"cachering", "-c", path}, words...), strings.NewReader(""), &out, &errs)
				if shown := out.String() + errs.String(); strings.Contains(shown, "qwerty") || strings.Contains(shown, "zxcvb") {
					t.Errorf("%s of %s read by %q shows a password, exit %d:\n%s", words, location, backend, code, shown)
				}
			}
		}
	}
	for j, location := range malformed {
		path := filepath.Join(dir, fmt.Sprintf("%d.py", j))
		if err := os.WriteFile(path, []byte("CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': "+strconv.Quote(location)+"}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		commands.Main([]string{"cachering", "config", "import", path, "--output", path + ".toml"}, strings.NewReader(""), &out, &errs)
		if shown := out.String() + errs.String(); strings.Contains(shown, "qwerty") || strings.Contains(shown, "zxcvb") {
			t.Errorf("import of %s shows a password:\n%s", location, shown)
		}
	}
}
