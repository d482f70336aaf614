package doctor

import (
	"net"
	"slices"
	"strconv"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/config"
)

// reachedAt says how redis-cli reaches the server, logs in there and chooses the
// database; it asks for the password itself. Before a sentinel has told where the
// server is, it is asked for that.
func (sh *Shard) reachedAt(cache *config.Cache, login config.Login) {
	if sh.at.Network == "sentinel" {
		_, sentinel := cache.Sentinels.Dial(cache.Sentinels.Addrs[0])
		host, port, _ := net.SplitHostPort(sentinel)
		sh.cli = advice.Shell{"redis-cli", "-h", host, "-p", port, "sentinel", "masters"}
		return
	}
	words := advice.Shell{"redis-cli"}
	if host, port, err := net.SplitHostPort(sh.at.Addr); sh.at.Network == "tcp" && err == nil {
		words = append(words, "-h", host, "-p", port)
	} else {
		words = append(words, "-s", sh.at.Addr)
	}
	if sh.at.TLS {
		words = append(words, "--tls")
		authority, cert, key, checked := cache.TLSPaths(sh.Index)
		for _, f := range [][2]string{{"--cacert", authority}, {"--cert", cert}, {"--key", key}} {
			if f[1] != "" {
				words = append(words, f[0], f[1])
			}
		}
		if !checked {
			words = append(words, "--insecure")
		}
	}
	sh.server = slices.Clone(words)
	if user := shownUser(cache, sh.Index, login); user != "" {
		words = append(words, "--user", user)
	}
	if login.Password.Reveal() != "" {
		words = append(words, "--askpass")
	}
	if sh.at.DB != 0 {
		words = append(words, "-n", strconv.Itoa(sh.at.DB))
	}
	sh.cli = words
}

// shownUser is the name of a user as it may be shown.
func shownUser(cache *config.Cache, server int, login config.Login) string {
	if cache.LoneUser(server) {
		return "***"
	}
	return login.Username
}
