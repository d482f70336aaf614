package figures

import "testing"

func TestFold(t *testing.T) {
	t.Parallel()
	const md5 = "0123456789abcdef0123456789abcdef"
	for _, c := range [][2]string{
		{"", ""},
		{"user:42:profile", "user:<n>:profile"},
		{"user42:v2", "user<n>:v<n>"},
		{"views.decorators.cache.cache_page..GET." + md5 + "." + md5, "views.decorators.cache.cache_page..GET.<hash>.<hash>"},
		{"django.contrib.sessions.cachekx0f3qvyzr92nd4bc8e1mw7ha5tplsgj", "django.contrib.sessions.cache<id>"},
		{"django.contrib.sessions.cached_dbkx0f3qvyzr92nd4bc8e1mw7ha5tplsgj", "django.contrib.sessions.cached_db<id>"},
		{"waffle:5.0.0" + md5, "waffle:<n>.<n>.<n><hash>"},
		{"a/6ba7b810-9dad-11d1-80b4-00c04fd430c8/b", "a/<uuid>/b"},
		{"a/6ba7b810-9dad-11d1-80b4-00c04fd430c8x", "a/<hash>-<n>dad-<n>d<n>-<n>b<n>-<n>c<n>fd<n>c<n>x"},
		{"mail:ann.lee+x@mail.example.org:7", "mail:<email>:<n>"},
		{"mail:ann@host", "mail:ann@host"},
		{"mail:ann@host.", "mail:ann@host."},
		{"deadbeef:c0ffee12", "deadbeef:<hash>"},
		{"token=AbCdEf0123456789xyz", "token=<id>"},
		{"page=12&size=3", "page=<n>&size=<n>"},
		{"\xff\x00:é9", "\xff\x00:é<n>"},
		{"internationalization:accessibility", "internationalization:accessibility"},
	} {
		if got := string(Fold(nil, []byte(c[0]))); got != c[1] {
			t.Errorf("%q folds to %q, want %q", c[0], got, c[1])
		}
	}
}
