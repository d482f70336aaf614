// Package config reads the configuration file: TOML that mirrors Django's
// CACHES, turned into caches that are known to be usable.
//
// [Find] chooses the file, [Load] reads and checks it, [File.Cache] picks a
// cache. Every error is an [*Error] that names file, line and key and says what
// to write instead, on one line.
//
// The TOML library decodes into plain maps, and says nothing of where a value
// stood. So the text is scanned a second time for the line of every key (type
// scanner), and a table of fields says which keys there are and of which type
// (type field). Only a tree that passed is turned into a [Cache].
//
// The package knows no Redis, prints nothing, and refuses what it cannot honour:
// an option of the library is either used, or named by [Check] as being
// without effect, or an error. Passwords are fetched when a connection
// needs them ([Cache.Login]) and are in no error, warning or dump.
package config
