package ring_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cachering/codec/vectors"
	"cachering/ring"
)

// vectorDir holds what the real libraries answered.
const vectorDir = "../testdata/ring"

// load reads every vector file whose name fits the pattern.
func load[T any](t *testing.T, pattern string) map[string]T {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(vectorDir, pattern+".json.gz"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors %s in %s (%v)", pattern, vectorDir, err)
	}
	files := make(map[string]T, len(paths))
	for _, path := range paths {
		files[strings.TrimSuffix(filepath.Base(path), ".json.gz")] = vectors.Read[T](t, path)[0]
	}
	return files
}

type ringVector struct {
	Ring     ring.Name
	Case     string
	Location any
	Servers  []string
	Options  struct {
		DB          int
		DBIsDefault bool   `json:"db_is_default"`
		KeyPrefix   string `json:"key_prefix"`
		Version     int64
		Python      string
	}
	NodeLabels   []string `json:"node_labels"`
	PointCount   int      `json:"point_count"`
	Points       [][2]any
	PointsFirst  [][2]any `json:"points_first"`
	PointsLast   [][2]any `json:"points_last"`
	PointsSHA256 string   `json:"points_sha256"`
	Keys         [][3]any
}

func (v ringVector) options() ring.Options {
	o := ring.Options{DB: v.Options.DB, DBSet: !v.Options.DBIsDefault, Python: ring.Python(v.Options.Python)}
	if v.Ring == ring.DjangoRedis && !strings.Contains(v.Servers[0], "://") {
		o.Release = "3.4.0" // which reads host:port:db
	}
	return o
}

func (v ringVector) servers(t *testing.T) []ring.Server {
	t.Helper()
	var entries []string
	switch location := v.Location.(type) {
	case string:
		var err error
		if entries, err = ring.Split(v.Ring, location, v.options()); err != nil {
			t.Fatal(err)
		}
	case []any:
		for _, entry := range location {
			entries = append(entries, entry.(string))
		}
	}
	if !slices.Equal(entries, v.Servers) {
		t.Fatalf("location %q: got entries %q, want %q", v.Location, entries, v.Servers)
	}
	servers := make([]ring.Server, len(entries))
	for i, entry := range entries {
		var err error
		if servers[i], err = ring.ParseServer(v.Ring, entry, v.options()); err != nil {
			t.Fatalf("server %q: %v", entry, err)
		}
	}
	return servers
}

// TestConformance holds every ring against the released code: labels, points
// and the owner of every key.
func TestConformance(t *testing.T) {
	seen := map[ring.Name]int{}
	for name, v := range load[ringVector](t, "django-*") {
		seen[v.Ring]++
		t.Run(name, func(t *testing.T) { conform(t, v) })
	}
	for _, name := range ring.Names() {
		if seen[name] == 0 {
			t.Errorf("no vector for ring %s", name)
		}
	}
}

func conform(t *testing.T, v ringVector) {
	servers := v.servers(t)
	for i, s := range servers {
		if s.Label != v.NodeLabels[i] {
			t.Errorf("server %q: got label %s, want %s", s.Spelling, s.Label, v.NodeLabels[i])
		}
	}
	r, err := ring.New(v.Ring, servers)
	if err != nil {
		t.Fatal(err)
	}

	var points [][2]any
	sum := sha256.New()
	for p := range r.Points() {
		points = append(points, [2]any{p.Position, float64(p.Server)})
		fmt.Fprintf(sum, "%s %d\n", p.Position, p.Server)
	}
	if len(points) != v.PointCount {
		t.Fatalf("got %d points, want %d", len(points), v.PointCount)
	}
	if v.Points != nil && !slices.Equal(points, v.Points) {
		t.Errorf("got points %v, want %v", points, v.Points)
	}
	if first := points[:len(v.PointsFirst)]; !slices.Equal(first, v.PointsFirst) {
		t.Errorf("got first points %v, want %v", first, v.PointsFirst)
	}
	if last := points[len(points)-len(v.PointsLast):]; !slices.Equal(last, v.PointsLast) {
		t.Errorf("got last points %v, want %v", last, v.PointsLast)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != v.PointsSHA256 {
		t.Errorf("got points_sha256 %s, want %s", got, v.PointsSHA256)
	}

	ks := ring.Keyspace{Prefix: v.Options.KeyPrefix}
	for _, k := range v.Keys {
		stored, want, hashed := k[0].(string), int(k[1].(float64)), k[2].(string)
		if got := r.OwnerString(hashed); got != want {
			t.Errorf("owner of %.60q: got %d, want %d", hashed, got, want)
		}
		// The vectors place side keys by their own text; homes are tested with
		// the routing vectors.
		if strings.HasPrefix(stored, "__") {
			continue
		}
		if !strings.HasPrefix(stored, ks.Prefix+":") {
			continue // a key equal to a label: it tests the owner alone
		}
		if got, err := r.Home(ks, []byte(stored)); err != nil || got != want {
			t.Errorf("home of %.60q: got %d, %v, want %d", stored, got, err, want)
		}
		if key, version, ok := ks.Split([]byte(stored)); !ok {
			t.Errorf("%.60q is not split", stored)
		} else if string(version) == fmt.Sprint(v.Options.Version) {
			if got := r.HomeOf(ks, string(key), v.Options.Version); got != want {
				t.Errorf("home of key %.60q: got %d, want %d", key, got, want)
			}
		}
	}
}

type locationVector struct {
	Ring  ring.Name
	Items []struct {
		Server   string
		DBOption *int `json:"db_option"`
		Label    string
		Dial     string
		DB       int
		Error    string
	}
}

// TestLocations holds the reading of single entries against the released code:
// label, address and database, or the exception.
func TestLocations(t *testing.T) {
	for name, v := range load[locationVector](t, "locations--*") {
		for _, item := range v.Items {
			t.Run(fmt.Sprintf("%s/%s", name, item.Server), func(t *testing.T) {
				var o ring.Options
				if item.DBOption != nil {
					o.DB, o.DBSet = *item.DBOption, true
				}
				s, err := ring.ParseServer(v.Ring, item.Server, o)
				var refused *ring.LocationError
				if err != nil && !errors.As(err, &refused) {
					t.Fatalf("got error type %T", err)
				}
				if item.Error != "" {
					if err == nil || refused.Kind != item.Error {
						t.Fatalf("got %q, %v, want %s", s.Label, err, item.Error)
					}
					return
				}
				if strings.HasPrefix(item.Server, "://") {
					// The library starts with a server that has no name.
					if err == nil || refused.Kind != "" || refused.Label != item.Label {
						t.Fatalf("got %+v, want a refusal that gives %s", err, item.Label)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if s.Label != item.Label || s.DB != item.DB {
					t.Errorf("got label %s, db %d, want %s, %d", s.Label, s.DB, item.Label, item.DB)
				}
				if want := address(item.Dial); s.Addr != want {
					t.Errorf("got address %s, want %s", s.Addr, want)
				}
			})
		}
	}
}

// address is how a dialled host and port are written here.
func address(dial string) string {
	colon := strings.LastIndexByte(dial, ':')
	if colon < 0 || strings.Contains(dial, "/") || dial == "None:None" {
		return dial
	}
	host, port := dial[:colon], dial[colon+1:]
	switch host {
	case "None":
		host = "localhost" // where the resolver takes Python's None
	case "user:pw@host":
		host = "user:***@host" // cannot be dialled; no secret in an address
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}
