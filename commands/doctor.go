package commands

import (
	"context"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/doctor"
	"cachering/commands/internal/plain"
)

type doctorOptions struct{ quick bool }

func (o *doctorOptions) flags() []cli.Flag {
	return []cli.Flag{&cli.BoolFlag{Name: "quick", Destination: &o.quick,
		Usage: "look at no keys and values, and wait four seconds for a server at most"}}
}

func newDoctor(s *session) *command {
	var o doctorOptions
	return &command{
		name:  "doctor",
		short: "tells what is wrong with the servers, the keys and the settings of a cache",
		long: "Every server of the cache is asked about itself: program and version, role, memory limit\n" +
			"and eviction, replication, persistence, clock. A sample of its keys is compared with the\n" +
			"database, prefix, version, codec and ring of the configuration, and the configuration is\n" +
			"looked at for hazards. Nothing is written.\n\n" +
			"Each finding tells what it is, why it matters and what to do. Errors and warnings are\n" +
			"reasons for exit code 4; a notice is good to know and none. A server that cannot be\n" +
			"reached, or does not answer a question, is a finding like others. Under --json there is a\n" +
			"line for each finding, and before them one for each server (its finding is server, its\n" +
			"level notice) with what it told, and one for what the sample of keys shows (sample). The\n" +
			"screen has what runs of this program write to the servers, and the one command to run next.",
		flags: o.flags(),
		examples: []string{
			"cachering doctor",
			"cachering doctor --quick",
			"cachering doctor --cache sessions --json | jq -r 'select(.level == \"error\").what'",
		},
		exits: []exit{
			{exitDone, "nothing is wrong"},
			{exitUsage, "bad usage or configuration"},
			{exitNegative, "there are errors or warnings"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runDoctor(ctx, s, &o) },
	}
}

func runDoctor(ctx context.Context, s *session, o *doctorOptions) error {
	// Not fileAndCache: its warnings are among the findings.
	file, err := s.file()
	if err != nil {
		return err
	}
	cache, err := s.cacheOf(file)
	if err != nil {
		return err
	}
	if file, cache, err = s.found(ctx, file, cache); err != nil {
		return err
	}
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	f, err := doctor.Gather(ctx, file, cache, cl, o.quick)
	if err != nil {
		return err
	}
	found := doctor.Diagnose(f)
	do := func(remedy []advice.Part) remedy { return s.remedy(file, cache, remedy) }
	switch {
	case s.ui.JSON:
		err = printDoctor(s, o, f, found, do)
	case s.ui.OutTerminal:
		err = showDoctor(s, o, f, found, do)
	default:
		listDoctor(s, o, f, found, do)
	}
	if err != nil {
		return err
	}
	bad := 0
	for _, d := range found {
		if d.Level != doctor.Notice {
			bad++
		}
	}
	s.ui.Flush()
	s.ui.Note("%s on %s", plain.Count(int64(bad), "finding"), plain.Count(int64(len(f.Shards)), "shard"))
	if bad > 0 {
		return result(exitNegative)
	}
	return nil
}
