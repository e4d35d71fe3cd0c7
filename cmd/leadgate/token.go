package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"text/tabwriter"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
	"leadgate/store"
)

// tokenCmd keeps the tokens that open the API. It opens the store beside a
// running gateway, which hears of a change within seconds.
type tokenCmd struct {
	Add    tokenAddCmd    `cmd:"" help:"Make a token and show it, once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens."`
	Remove tokenRemoveCmd `cmd:"" help:"Remove a token."`
}

type tokenAddCmd struct {
	Options
	Name string         `arg:"" help:"What the token is for, such as crm or laptop."`
	For  *time.Duration `help:"How long it is valid. Default: for ever." placeholder:"DURATION"`
}

var tokenName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,60}$`)

func (c *tokenAddCmd) Run(in *common) error {
	if !tokenName.MatchString(c.Name) {
		return fmt.Errorf("%w: a token's name has letters, digits, dots, - and _", lead.ErrInvalid)
	}
	text := "lg_" + rand.Text() + rand.Text()[:14]
	t := store.Token{Name: c.Name, Hash: sha256.Sum256([]byte(text)), Created: time.Now()}
	if c.For != nil {
		if *c.For <= 0 {
			return fmt.Errorf("%w: --for must be longer than nothing; without it the token is valid for ever", lead.ErrInvalid)
		}
		t.Expires = t.Created.Add(*c.For)
	}
	err := makeStore(in.ctx, &c.Options, func(s store.Store) error { return s.AddToken(in.ctx, t) })
	if err != nil {
		return err
	}
	fmt.Fprintln(in.stdout, text)
	return nil
}

type tokenListCmd struct{ Options }

func (c *tokenListCmd) Run(in *common) error {
	return withStore(in.ctx, &c.Options, func(s store.Store) error {
		list, err := s.Tokens(in.ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(in.stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tMADE\tVALID UNTIL")
		for _, t := range list {
			until := "for ever"
			if !t.Expires.IsZero() {
				until = t.Expires.Format(time.DateOnly)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, t.Created.Format(time.DateOnly), until)
		}
		return w.Flush()
	})
}

type tokenRemoveCmd struct {
	Options
	Name string `arg:"" help:"The token's name."`
}

func (c *tokenRemoveCmd) Run(in *common) error {
	return withStore(in.ctx, &c.Options, func(s store.Store) error { return s.DropToken(in.ctx, c.Name) })
}

// withStore opens the store, beside a gateway that may be running, for one use. One
// that is not there is an error.
func withStore(ctx context.Context, o *Options, use func(store.Store) error) error {
	if err := o.stored(); err != nil {
		return err
	}
	return useStore(ctx, o, use)
}

// makeStore is withStore before the first start of a gateway too.
func makeStore(ctx context.Context, o *Options, use func(store.Store) error) error {
	if err := disk.MakeDir(disk.OS(), o.Data); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	return useStore(ctx, o, use)
}

// lookAt is withStore for who changes nothing. A store that is empty or older than this
// leadgate is *store.SchemaError.
func lookAt(ctx context.Context, o *Options, look func(store.Store) error) error {
	if err := o.stored(); err != nil {
		return err
	}
	if err := o.unfinished(); err != nil {
		return err
	}
	s, err := openEngine(ctx, o, engine{look: true})
	if err != nil {
		return err
	}
	return errors.Join(look(s), s.Close())
}

func useStore(ctx context.Context, o *Options, use func(store.Store) error) (err error) {
	s, err := openStore(ctx, o, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return use(s)
}
