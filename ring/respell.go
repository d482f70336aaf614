package ring

import (
	"net"
	"strconv"
	"strings"
)

// Respellings are the ways in which settings may spell a server that is known,
// for finding out how they do. Those of two servers correspond: the same place
// is the same form, "" where a server has none in it. They hold the secrets of
// the entry.
func (s Server) Respellings(lib Library) []string {
	scheme, user := "redis", ""
	if lib == LibValkey || lib == LibVcache {
		scheme = "valkey"
	}
	if s.TLS {
		scheme += "s"
	}
	if _, rest, ok := strings.Cut(s.Spelling, "://"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			user = authority[:at+1]
		}
	}
	db := strconv.Itoa(s.DB)
	if s.Network == "unix" {
		return []string{
			s.Addr,
			"unix://" + user + s.Addr + "?db=" + db,
			when(s.DB == 0, "unix://"+user+s.Addr),
			"",
			"",
			when(lib == LibDjangoRedis, "unix:"+s.Addr+":"+db),
			"",
		}
	}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return nil
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	url := scheme + "://" + user + host
	return []string{
		s.Addr,
		url + ":" + port + "/" + db,
		when(port == "6379", url+"/"+db),
		when(s.DB == 0, url+":"+port),
		when(s.DB == 0 && port == "6379", url),
		when(lib == LibDjangoRedis, s.Addr+":"+db),
		url + ":" + port + "?db=" + db,
	}
}

func when(applies bool, text string) string {
	if applies {
		return text
	}
	return ""
}
