package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/library"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

// ring compares where keys lie with where the application looks for them.
func (e *examination) ring() {
	g := e.Guess
	if g == nil || !g.Judges() || g.Fits(g.Configured) {
		return
	}
	best := g.Best[0]
	if !g.Fits(best) {
		e.find("misplaced_keys", nil, g.Sentence(), text("see which: "), advice.Run("check"), text("; servers may be missing in location, or stand in another order"))
		return
	}
	_, span := library.OfRing(best.Name)
	var remedies []string
	switch {
	case best.Spelling != "":
		remedies = append(remedies, "spell the locations as the application does, such as "+best.Spelling)
	case best.Python != "":
		remedies = append(remedies, fmt.Sprintf("write python = %s under %s", strconv.Quote(string(best.Python)), e.table("options")))
	}
	if best.Name != g.Configured.Name {
		setting := "the release of the application"
		if lib := best.Name.Library(); lib != g.Configured.Name.Library() {
			setting = "the backend and release of the application, " + string(lib)
		}
		remedies = append(remedies, fmt.Sprintf("write %s, of %s, under [caches.%s] of %s", setting, span, e.Cache.Alias, e.Cache.File))
	}
	slices.Reverse(remedies)
	e.find("wrong_ring", nil, g.Sentence(), text(strings.Join(append(remedies, ""), "; ")), advice.Run("ring guess"))
}

// spelling tells of hazards in how locations are written.
func (e *examination) spelling() {
	if !e.Cache.Sharded {
		return
	}
	servers := e.Cache.Servers
	var secret, url, pair *ring.Server
	for i := range servers {
		s := &servers[i]
		if e.Cache.Ring.HashesSpelling() && s.Password != "" {
			secret = s
		}
		if s.URL {
			url = s
		} else {
			pair = s
		}
	}
	if secret != nil {
		e.find("password_in_location", nil, "the password stands in "+secret.Masked(),
			text("put it into the options of the application and here, without it in the location; what that moves, once: "), advice.Run("ring diff", advice.On("password-changed")))
	}
	if url != nil && pair != nil && !e.Cache.Ring.ByOrder() {
		e.find("mixed_spelling", nil, url.Masked()+" is spelled as a URL and "+pair.Masked()+" is not",
			text("keep both as they are in the application, or change them once; what that moves: "),
			advice.Run("ring diff", advice.Set("replace", pair.Masked()+"=redis://"+pair.Addr)))
	}
	if e.Cache.Ring.ByOrder() && len(servers) > 1 {
		e.find("order_matters", nil, string(e.Cache.Ring.Library())+" places keys by the order of its "+plain.Count(int64(len(servers)), "location"),
			text("add servers at the end only; what that moves: "), advice.Run("ring diff", advice.Set("add", "HOST:PORT")))
	}
}
