package ring_test

import (
	"fmt"

	"cachering/ring"
)

// The home of a key: settings to servers, servers to ring, ring to home.
func Example() {
	name := ring.RedisCache // django-redis-cache 3.0.1
	var servers []ring.Server
	for _, entry := range []string{"127.0.0.1:6379", "127.0.0.1:6380", "127.0.0.1:6381"} {
		s, err := ring.ParseServer(name, entry, ring.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		servers = append(servers, s)
	}
	r, err := ring.New(name, servers)
	if err != nil {
		fmt.Println(err)
		return
	}

	ks := ring.Keyspace{Prefix: ""}
	fmt.Println(servers[0].Label)
	fmt.Println(ks.Stored("user:42", 1), "is at home on", servers[r.HomeOf(ks, "user:42", 1)].Addr)
	for p := range r.Points() {
		fmt.Println("the first of", len(servers)*16, "points is", p.Position, "of server", p.Server)
		break
	}
	// Output:
	// ('127.0.0.1', 6379, 1, None)
	// :1:user:42 is at home on 127.0.0.1:6379
	// the first of 48 points is 06ab5210 of server 0
}

// The same Redis spelled in two ways is two servers to a ring.
func ExampleParseServer() {
	for _, entry := range []string{"h:6379", "redis://h:6379/1", "rediss://:secret@h:6379/1"} {
		s, err := ring.ParseServer(ring.RedisCache, entry, ring.Options{})
		fmt.Println(s, s.Addr, s.DB, s.Label, err)
	}
	_, err := ring.ParseServer(ring.RedisCache, "/tmp/with:colon", ring.Options{})
	fmt.Println(err)
	// Output:
	// h:6379 h:6379 1 ('h', 6379, 1, None) <nil>
	// redis://h:6379/1 h:6379 1 ('h', 6379, 1, '') <nil>
	// rediss://:***@h:6379/1 h:6379 1 ('h', 6379, 1, None) <nil>
	// location "/tmp/with:colon": the port, after the last colon, is not a number
}

// Home places stored keys that a scan finds, markers and locks included.
func ExampleRing_Home() {
	servers := make([]ring.Server, 3)
	for i := range servers {
		servers[i], _ = ring.ParseServer(ring.RedisCache, fmt.Sprintf("127.0.0.1:%d", 17101+i), ring.Options{})
	}
	r, err := ring.New(ring.RedisCache, servers)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, stored := range []string{":1:computed", "__fresh__:1:computed", "__lock__:1:computed"} {
		home, err := r.Home(ring.Keyspace{}, []byte(stored))
		fmt.Println(stored, home, err)
	}
	// Output:
	// :1:computed 0 <nil>
	// __fresh__:1:computed 0 <nil>
	// __lock__:1:computed 1 <nil>
}

func ExampleKeyspace_Split() {
	ks, err := ring.NewKeyspace("shop:eu", "{prefix}:{version}:{key}")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, stored := range []string{"shop:eu:2:user:42", "shop:2:user:42"} {
		key, version, ok := ks.Split([]byte(stored))
		fmt.Printf("%q %q %v\n", key, version, ok)
	}
	// Output:
	// "user:42" "2" true
	// "" "" false
}

func ExampleHashTag() {
	for _, stored := range []string{":1:a{b}c{d}e", ":1:{a{b}c}", ":1:{}k", ":1:k"} {
		fmt.Printf("%q\n", ring.HashTag([]byte(stored)))
	}
	// Output:
	// "d"
	// "b}c"
	// ""
	// ":1:k"
}
