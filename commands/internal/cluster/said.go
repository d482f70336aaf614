package cluster

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"

	"github.com/redis/go-redis/v9"
)

// What a server says may hold the password: it repeats the words of a command
// that it does not take, some of them cut short or altered, and the login sends
// it. To put *** in the place of the password would tell more than it hides,
// because the rest of the text is known: "u***date" tells a password of one
// letter. So the rule is, and no text depends on the password by it:
//
//   - What is said until the server has let us in is not quoted. What is known of
//     it is told in our words, and of anything else that it may repeat the
//     password.
//   - Later no command holds the password. What is known of answers is told in our
//     words (remedies), others are quoted as they are, but not at any length, and
//     without the words of a command that they repeat. One that holds the password
//     all the same is withheld as a whole, unless that may be by chance: everybody
//     knows what it says (commonAnswers), or the password is short.
//   - What is no answer of Redis is not quoted.
//   - Our own words, and the keys among them, do not pass through here.

// withheld stands for what a server said.
const withheld = "the server's words are not shown, because they may repeat the password"

// answersIn are the answers of servers in err and in what it wraps.
func answersIn(err error) []redis.Error {
	var found []redis.Error
	var walk func(error)
	walk = func(err error) {
		if a, ok := err.(redis.Error); ok {
			found = append(found, a)
			return
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if under := e.Unwrap(); under != nil {
				walk(under)
			}
		case interface{ Unwrap() []error }:
			for _, part := range e.Unwrap() {
				walk(part)
			}
		}
	}
	walk(err)
	return found
}

// reword puts an answer into words for a user where it is known, and withholds it
// where it holds the password. kept is what it is, for errors.Is and errors.As.
func (s *Shard) reword(said string) (words string, kept []error) {
	s.mu.Lock()
	user, password := s.name(), s.password
	s.mu.Unlock()
	// Since 6.2 an EXEC tells so why it was refused.
	if _, reason, found := strings.Cut(said, "EXECABORT Transaction discarded because of: "); found {
		said = reason
	}
	switch code, _, _ := strings.Cut(said, " "); {
	case code == "NOPERM":
		return deniedText(user, deniedCommand(said)), []error{answer(code)}
	case refusedLogin(said):
		return ErrLogin.Error() + ": " + loginText(user, said), []error{answer(""), ErrLogin}
	case code == "READONLY":
		words, kept := s.demoted()
		return words, append(kept, answer(code))
	}
	if words, kept, ok := s.remedy(said); ok {
		return words, kept
	}
	if command := unknownCommand(said); command != "" {
		return unknownText(command), []error{answer(unknownSign)}
	}
	said, _, _ = strings.Cut(said, ", with args beginning with:")
	if holds(said, password) {
		return withheld, []error{answer("")}
	}
	return quote(said), []error{answer(said)}
}

// refused says why a server did not let us in, or closed the connection.
func (s *Shard) refused(err error) error {
	if ours := s.ours(err); ours != nil {
		return ours
	}
	said := answersIn(err)
	if len(said) == 0 {
		var network net.Error
		if errors.As(err, &network) {
			return err
		}
		return garbled(err)
	}
	s.mu.Lock()
	user := s.name()
	s.mu.Unlock()
	text := said[0].Error()
	if code, _, _ := strings.Cut(text, " "); code == "NOPERM" {
		// What is quoted may be any word of the login.
		for _, command := range []string{"hello", "auth", "select"} {
			if strings.EqualFold(deniedCommand(text), command) {
				return &trouble{deniedText(user, command), []error{answer(code)}}
			}
		}
	}
	if refusedLogin(text) {
		return &trouble{ErrLogin.Error() + ": " + loginText(user, text), []error{answer(""), ErrLogin}}
	}
	if strings.Contains(text, "DB index is out of range") {
		return &trouble{fmt.Sprintf("the server has no database %d: correct db, or the database of the location", s.end.DB), []error{answer("")}}
	}
	if words, kept, ok := s.remedy(text); ok {
		return &trouble{words, kept}
	}
	return &trouble{"the server does not let us in: " + withheld + "; redis-cli shows them", []error{answer("")}}
}

// garbled says that what came is no answer, without what came: with that in quotes
// ends what go-redis says of it.
func garbled(err error) error {
	text, isTheirs := strings.CutPrefix(err.Error(), "redis: ")
	if !isTheirs {
		return err // it is ours
	}
	text, _, _ = strings.Cut(text, `"`)
	return troublef(ErrProtocol, "%v: %s", ErrProtocol, strings.TrimRight(text, " :="))
}

// deniedText says which command, or if none is known which key, an ACL does not
// allow.
func deniedText(user, command string) string {
	if command != "" {
		return fmt.Sprintf("user %s may not run %s: allow it by ACL SETUSER %s +%s",
			user, strings.ToUpper(strings.ReplaceAll(command, "|", " ")), user, strings.ToLower(command))
	}
	return fmt.Sprintf("user %s may not touch this key: allow those of the cache by ACL SETUSER %s ~PATTERN", user, user)
}

// deniedCommand is the name that a server quotes after NOPERM; empty if it quotes
// none, because a key is not allowed, or what can be none.
func deniedCommand(said string) string {
	_, quoted, _ := strings.Cut(said, "'")
	name, _, _ := strings.Cut(quoted, "'")
	return commandName(name)
}

// refusedLogin reports whether an answer says that the user, or the password, or
// that there is one or none, is not right. (Servers before 6.2 begin all but the
// first two with ERR.)
func refusedLogin(said string) bool {
	for _, sign := range []string{"WRONGPASS", "NOAUTH", "ERR invalid password", "ERR AUTH ", "ERR Client sent AUTH",
		"ERR unknown command 'AUTH'", "ERR unknown command `AUTH`", "ERR wrong number of arguments for 'auth'"} {
		if len(said) >= len(sign) && strings.EqualFold(said[:len(sign)], sign) {
			return true
		}
	}
	return false
}

// loginText is what to do about an answer of refusedLogin.
func loginText(user, said string) string {
	switch {
	case strings.Contains(said, "without any password configured"), strings.Contains(said, "no password is set"):
		return "the server wants no password: leave it out"
	case strings.HasPrefix(said, "NOAUTH"):
		return "the server wants a password: write password_env, password_file or password_command"
	case strings.Contains(said, "unknown command"):
		return "the server does not know AUTH: undo its rename-command, or leave the password out"
	case strings.Contains(said, "wrong number of arguments"):
		return "the server knows no users, as before Redis 6.0: leave username out"
	}
	return "wrong password for user " + user + ", or no such user: see username and password"
}

// holds reports whether an answer repeats the password, and not by chance.
// Servers cut words off after 128 bytes, and make blanks of line ends.
func holds(said, password string) bool {
	const short, enough = 6, 64
	if len(password) < short {
		return false
	}
	for _, beginning := range commonAnswers {
		if strings.HasPrefix(said, beginning) {
			return false
		}
	}
	blank := func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}
	return strings.Contains(strings.Map(blank, said), strings.Map(blank, password[:min(len(password), enough)]))
}

// commonAnswers are the beginnings of answers that everybody knows (server.c, db.c,
// multi.c, cluster.c and others of Redis). A password that stands in one cannot be
// found out by it; it could if the answer were withheld.
var commonAnswers = [...]string{
	"WRONGTYPE Operation ", "OOM command not allowed ", "LOADING ", "BUSY Redis ", "MASTERDOWN Link ", "MISCONF ", "NOREPLICAS Not ",
	"NOSCRIPT No ", "EXECABORT Transaction ", "UNKILLABLE ", "CLUSTERDOWN ", "CROSSSLOT Keys ", "TRYAGAIN Multiple ", "MOVED ", "ASK ",
	"ERR syntax error", "ERR unknown command ", "ERR unknown subcommand ", "ERR wrong number of arguments for ", "ERR value is not an integer ",
	"ERR invalid expire time ", "ERR no such key", "ERR MULTI calls ", "ERR EXEC without ", "ERR WATCH inside ", "ERR operation not permitted",
	"ERR Error running script ", "ERR invalid cursor", "ERR max number of clients ",
}
