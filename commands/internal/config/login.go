package config

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cachering/ring"
)

const (
	// maxSecret bounds what is read as a password.
	maxSecret = 64 << 10
	// secretLimit is how long a file, which may be a pipe, or a command may take to
	// give one.
	secretLimit = 30 * time.Second
	// readAgainEvery is how often at most it is read again.
	readAgainEvery = 10 * time.Second
)

// A secretSource knows where the password of a cache comes from, and fetches
// it when it is first needed: ring and config commands dial nothing, and must
// not run a password_command.
type secretSource struct {
	file string // the configuration file
	from *node  // password, password_env, password_file or password_command; nil: none
	env  func(string) string
	// otherwise is the variable that holds the password where the configuration names
	// none; "": there is none.
	otherwise string

	limit time.Duration // 0: secretLimit

	mu     sync.Mutex
	done   bool
	secret Secret
	err    error
	again  time.Time // when it was read again
}

// Login is what to authenticate with at a server: with an empty password not at
// all. Without a user name it is the server's default user.
type Login struct {
	Username string
	Password Secret
}

// Login tells it, and may run the password_command, once per cache. What a
// location brings comes before the options. In django-redis-cache a URL's
// password does so even when it has none, and its user name is not used
// (parse_connection_kwargs): there only options.username names a user.
func (c *Cache) Login(ctx context.Context, server int) (Login, error) {
	s := c.Servers[server]
	login := Login{Username: text(c.node.get("options", "username"))}
	if s.Username != "" && !c.library.URLLogin {
		login.Username = s.Username
	}
	if c.ownLogin(s) {
		login.Password = Secret{s.Password}
		return login, nil
	}
	var err error
	login.Password, err = c.secret.get(ctx)
	return login, err
}

// LoginAgain is for a login that a server refused: what a file or a command gave may
// be another by now, as tokens are that live for minutes. It is read again at most
// once in ten seconds. changed is false where there is nothing else to try.
func (c *Cache) LoginAgain(ctx context.Context, server int, refused Login) (login Login, changed bool) {
	if c.ownLogin(c.Servers[server]) {
		return refused, false
	}
	refused.Password, changed = c.secret.getAgain(ctx, refused.Password)
	return refused, changed
}

// LoneUser reports whether the user of a server's location stands before its @
// alone, where many mean the password: the location is shown without it, and so
// is the user.
func (c *Cache) LoneUser(server int) bool {
	s := c.Servers[server]
	return s.Username != "" && !s.HasPassword && s.Username != s.Query["username"] && !c.library.URLLogin
}

// secrets are those that a cache is reached with.
func (c *Cache) secrets() []*secretSource {
	if c.Sentinels == nil {
		return []*secretSource{c.secret}
	}
	return []*secretSource{c.secret, c.Sentinels.secret}
}

// ownLogin reports whether a location's password is used whatever options say.
func (c *Cache) ownLogin(s ring.Server) bool {
	if c.library.URLLogin {
		return s.URL
	}
	return s.HasPassword
}

func (s *secretSource) get(ctx context.Context) (Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done {
		s.secret, s.err = s.fetch(ctx)
		s.done = ctx.Err() == nil
	}
	return s.secret, s.err
}

// getAgain is another secret than the one that was refused, if there is one.
func (s *secretSource) getAgain(ctx context.Context, refused Secret) (_ Secret, changed bool) {
	if s.from == nil || s.from.name != "password_file" && s.from.name != "password_command" {
		return refused, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secret == refused && (s.again.IsZero() || time.Since(s.again) >= readAgainEvery) {
		s.again = time.Now()
		if secret, err := s.fetch(ctx); err == nil {
			s.secret = secret
		}
	}
	return s.secret, s.secret != refused
}

func (s *secretSource) fetch(ctx context.Context) (Secret, error) {
	if s.from == nil && s.otherwise != "" {
		return Secret{s.env(s.otherwise)}, nil
	} else if s.from == nil {
		return Secret{}, nil
	}
	switch s.from.name {
	case "password_env":
		return s.fromEnv()
	case "password_file":
		return s.fromFile(ctx)
	case "password_command":
		return s.fromCommand(ctx)
	}
	text, _ := s.from.value.(string)
	return Secret{text}, nil
}

func (s *secretSource) fail(msg, hint string, err error) (Secret, error) {
	return Secret{}, &Error{File: s.file, Line: s.from.line, Key: s.from.path(), Msg: msg, Hint: hint, err: err}
}

func (s *secretSource) fromEnv() (Secret, error) {
	name := s.from.value.(string)
	if text := s.env(name); text != "" {
		return Secret{text}, nil
	}
	msg, hint := unset(name)
	return s.fail(msg, hint, nil)
}

// fromFile reads a file, which may be a pipe that nobody writes to: neither to open
// nor to read one can be broken off, so they are left alone when the time is over.
func (s *secretSource) fromFile(ctx context.Context) (Secret, error) {
	if info, err := os.Stat(besides(s.file, s.from.value.(string))); err != nil || info.Mode().IsRegular() {
		return s.readFile()
	}
	type result struct {
		secret Secret
		err    error
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.limit, secretLimit))
	defer cancel()
	read := make(chan result, 1)
	go func() {
		secret, err := s.readFile()
		read <- result{secret, err}
	}()
	select {
	case r := <-read:
		return r.secret, r.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return s.fail(fmt.Sprintf("the file gives no password within %v", cmp.Or(s.limit, secretLimit)), "see who writes to it, if it is a pipe", nil)
		}
		return s.fail("reading the file was stopped", "see who writes to it, if it is a pipe", ctx.Err())
	}
}

func (s *secretSource) readFile() (Secret, error) {
	path := s.from.value.(string)
	shown := "the file"
	if strings.ContainsRune(path, filepath.Separator) {
		shown = printable(path)
	}
	path = besides(s.file, path)
	f, err := os.Open(path)
	if err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return s.fail(shown+" does not exist", "create it with mode 0600, or name another", err)
		case errors.Is(err, fs.ErrPermission):
			return s.fail(shown+" is not readable", "make it readable for this user", err)
		}
		return s.fail(shown+" cannot be opened", "name a readable file", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return s.fail(shown+" cannot be read", "name a readable file", err)
	case info.IsDir():
		return s.fail(shown+" is a directory", "name a file", nil)
	case info.Mode().IsRegular() && info.Mode().Perm()&0o022 != 0:
		return s.fail(fmt.Sprintf("others may write %s (mode %04o)", shown, info.Mode().Perm()), "run chmod 600 on it", nil)
	}
	// Whoever may write the directory may put another file in its place, unless
	// it is sticky, as a volume of secrets is.
	if dir, err := os.Stat(filepath.Dir(path)); err == nil && dir.Mode().Perm()&0o002 != 0 && dir.Mode()&fs.ModeSticky == 0 {
		return s.fail(fmt.Sprintf("everybody may replace %s: its directory has mode %04o", shown, dir.Mode().Perm()), "run chmod o-w on the directory", nil)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return s.fail(shown+" cannot be read", "name a readable file", err)
	}
	return s.line(text, shown)
}

// besides is a path of the configuration, where a relative one starts at the
// file.
func besides(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

func (s *secretSource) fromCommand(ctx context.Context) (Secret, error) {
	var argv []string
	if s.from.kind == kindArray {
		for _, item := range s.from.items {
			argv = append(argv, item.value.(string))
		}
	} else {
		argv = []string{"/bin/sh", "-c", s.from.value.(string)}
	}
	limited, cancel := context.WithTimeout(ctx, cmp.Or(s.limit, secretLimit))
	defer cancel()
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...)
	var out bounded
	cmd.Stdout = &out
	// What the command prints on standard error is dropped: it may quote the
	// secret. A child that keeps the pipe open must not hold us for ever.
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return s.fail("the command was stopped", "let it finish", ctx.Err())
		case limited.Err() != nil:
			return s.fail(fmt.Sprintf("the command gave no password within %v, and was stopped", cmp.Or(s.limit, secretLimit)), "run it by hand to see why", nil)
		case out.over:
			return s.fail("the command printed more than 64 KiB", "let it print the password only", nil)
		case errors.As(err, &exit):
			return s.fail("the command ended with "+exit.ProcessState.String(), "run it by hand to see why", nil)
		}
		return s.fail("the command cannot be run", "run it by hand to see why", nil)
	}
	return s.line(out.buf.Bytes(), "the command")
}

// line is the password in a text: all of it but one line end.
func (s *secretSource) line(text []byte, from string) (Secret, error) {
	if len(text) > maxSecret {
		return s.fail(from+" gives more than 64 KiB", "let it hold the password only", nil)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" {
		return s.fail(from+" gives no password", "let it give one, or leave the key out", nil)
	}
	return Secret{password}, nil
}

// bounded refuses to gather more than a password can be. It refuses by an
// error, so that a command that never ends is ended. (The buffer is not
// embedded: its ReadFrom would be used in place of Write.)
type bounded struct {
	buf  bytes.Buffer
	over bool
}

func (l *bounded) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > maxSecret {
		l.over = true
		return 0, io.ErrShortWrite
	}
	return l.buf.Write(p)
}
