package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// program is one run of leadgate with what surrounds it.
type program struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// cli are the subcommands. Options that several of them share stand in Options.
type cli struct {
	Serve     serveCmd     `cmd:"" help:"Run the gateway."`
	Demo      demoCmd      `cmd:"" help:"Run a gateway with a sample site, in a folder that is thrown away unless --data names one."`
	Check     checkCmd     `cmd:"" help:"Check configuration, disk and store, and say what is wrong."`
	Config    configCmd    `cmd:"" help:"Show the configuration in force, or an example of one."`
	Dedupe    dedupeCmd    `cmd:"" help:"Say which records of a file are of one person, as intake would."`
	Export    exportCmd    `cmd:"" help:"Write all leads as CSV or JSON lines."`
	Replay    replayCmd    `cmd:"" help:"Read parked deliveries again."`
	RotateKey rotateKeyCmd `cmd:"" help:"Seal all secrets with a new key, while gateways run."`
	Token     tokenCmd     `cmd:"" help:"Make, list and remove API tokens."`
	Version   versionCmd   `cmd:"" help:"Show the version."`
}

// Options can be given as flags, as environment variables LEADGATE_… (or …_FILE
// for a file that holds the value), or in the configuration file, in this order.
type Options struct {
	Config         string   `help:"Configuration file (YAML)." placeholder:"FILE"`
	Data           string   `help:"Folder of everything this node keeps." default:"./leadgate-data" placeholder:"DIR"`
	Listen         string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL      string   `name:"public-url" help:"Address under which the world reaches this gateway." placeholder:"URL"`
	TrustedProxies []string `name:"trusted-proxies" help:"Addresses or networks of proxies whose X-Forwarded-For or Forwarded counts." placeholder:"CIDR"`
	TLSCert        string   `name:"tls-cert" help:"Certificate chain (PEM); read again when the file changes." placeholder:"FILE"`
	TLSKey         string   `name:"tls-key" help:"Key of the certificate (PEM)." placeholder:"FILE"`
	Store          string   `help:"Where leads are kept: sqlite:PATH or postgres://USER@HOST/DATABASE. Default: a file in the data folder." placeholder:"URL"`
	StoreMigrate   string   `name:"store-migrate" help:"Address of the same database for migrations, when a pooler in transaction mode stands before --store." placeholder:"URL"`
	Redis          string   `help:"Redis that several nodes share their work through: redis://…, rediss://…, or one of Sentinel or Cluster." placeholder:"URL"`
	RedisPrefix    string   `name:"redis-prefix" help:"What all keys in Redis begin with; several installations that share one need different ones." default:"lg" placeholder:"TEXT"`
	RedisCA        string   `name:"redis-ca" help:"Certificate (PEM) of the authority that signed Redis's, for rediss://. Default: the system's." placeholder:"FILE"`
	RedisEviction  bool     `name:"redis-allow-eviction" help:"Start although Redis may evict keys when its memory is full. Nothing gets lost, work is done late."`
	Roles          string   `help:"What this node does: accept takes deliveries, work pulls from Redis, run does jobs and runs sources." default:"accept,work,run" placeholder:"LIST"`
	SecretKey      string   `name:"secret-key" help:"Key that seals secrets: 64 hex digits, or a file that holds them; further keys only open what was sealed before. Default: made in the data folder of the only node." placeholder:"KEY"`
	APIToken       string   `name:"api-token" help:"A token that opens the API, for the first steps." placeholder:"TOKEN"`
	Region         string   `help:"Country whose phone numbers may come without a country code (ISO 3166, such as FR)." placeholder:"XX"`
	JournalQuota   string   `name:"journal-quota" help:"Most bytes of deliveries that may wait on disk." default:"4GB" placeholder:"SIZE"`
	DiskFloor      string   `name:"disk-floor" help:"Free disk space below which nothing is accepted." default:"128MB" placeholder:"SIZE"`
	SegmentSize    string   `name:"segment-size" help:"Size of a segment of the journal." default:"64MB" placeholder:"SIZE"`
	Connections    int      `name:"connections-per-address" help:"Most connections one public address (or IPv6 /64) may have open; 0 for no limit." default:"256" placeholder:"N"`
	OutgoingAllow  []string `name:"outgoing-allow" help:"Networks, addresses or names, each with or without a port, that may be called beside the public net, such as a CRM in the LAN." placeholder:"TARGET"`
	LogLevel       string   `name:"log-level" help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
	LogFormat      string   `name:"log-format" help:"text or json." default:"text" enum:"text,json"`
}

// common is what every subcommand gets.
type common struct {
	*program
	ctx context.Context
}

func (p *program) run(ctx context.Context, args []string) error {
	var c cli
	exit := -1
	file := &configFile{getenv: p.getenv}
	parser, err := kong.New(&c, kong.Name("leadgate"), kong.Description("Every inquiry becomes exactly one lead."), kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { exit = code }), kong.UsageOnError(), kong.Resolvers(file), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fmt.Errorf("reading the command line: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if err := file.find(args); err != nil {
		return err
	}
	kctx, err := parser.Parse(args)
	if exit >= 0 { // help was shown
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w (leadgate --help shows what there is)", err)
	}
	return kctx.Run(&common{program: p, ctx: ctx}, file)
}
