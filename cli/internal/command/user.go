package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/ask"
	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

func (h Host) userCommand() *cobra.Command {
	c := group("user", "Make users, give roles and set passwords, for the first administrator", h.createUserCommand(), h.setRoleCommand(), h.resetPasswordCommand())
	c.Long = "Make users, give roles and set passwords, for the first administrator. The plugin admin must be\n" +
		"installed. A password is asked for, or is the first line of the standard input. It is never an argument,\n" +
		"which every user of the machine could read."
	return c
}

type newUser struct {
	email, name string
	roles       []string
	verified    bool
	noPassword  bool
}

func (h Host) createUserCommand() *cobra.Command {
	var n newUser
	c := &cobra.Command{
		Use:     "create",
		Short:   "Make a user, for example the first administrator",
		Example: "  kernia user create --email ada@example.com --name Ada --role admin",
		Args:    none,
		RunE:    h.with(func(c *cobra.Command, a *core.Auth, _ []string) error { return n.make(c, a) }),
	}
	f := c.Flags()
	f.StringVar(&n.email, "email", "", "address of the user")
	f.StringVar(&n.name, "name", "", "name of the user (default: the address up to the @)")
	f.StringSliceVar(&n.roles, "role", nil, "role of the user, or several with commas (default: the plugin's)")
	f.BoolVar(&n.verified, "verified", false, "the address is known to be the user's")
	f.BoolVar(&n.noPassword, "no-password", false, "make a user who signs in by other means")
	return c
}

func (n *newUser) make(c *cobra.Command, a *core.Auth) error {
	p, err := adminOf(a)
	if err != nil {
		return err
	}
	if n.email == "" {
		if n.email, err = ask.Text(c.Context(), c.InOrStdin(), c.ErrOrStderr(), "E-mail address", "--email"); err != nil {
			return err
		}
	}
	in := admin.CreateUserInput{Email: n.email, Name: n.name}
	if in.Name == "" {
		in.Name, _, _ = strings.Cut(n.email, "@")
	}
	if len(n.roles) > 0 {
		roles := validate.OneOrMany(n.roles)
		in.Role = &roles
	}
	if n.verified {
		data := wire.NewObject()
		data.Set("emailVerified", wire.Bool(true))
		in.Data = &validate.Record{Members: data}
	}
	if !n.noPassword {
		password, err := ask.Password(c.Context(), c.InOrStdin(), c.ErrOrStderr(), "Password of "+n.email)
		if err != nil {
			return err
		}
		in.Password = &password
	}
	made, err := p.CreateUser.Call(c.Context(), &in)
	if err != nil {
		return userError(c, a, err)
	}
	return tell(c, made.User, "made")
}

func (h Host) setRoleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "set-role <address or id> <role>[,<role>]",
		Short:   "Give a user another role",
		Example: "  kernia user set-role ada@example.com admin",
		Args:    arguments("the user's address or id", "a role"),
		RunE: h.with(func(c *cobra.Command, a *core.Auth, args []string) error {
			p, err := adminOf(a)
			if err != nil {
				return err
			}
			u, err := find(c, a, args[0])
			if err != nil {
				return err
			}
			changed, err := p.SetRole.Call(c.Context(), &admin.SetRoleInput{UserID: u.ID, Role: strings.Split(args[1], ",")})
			if err != nil {
				return userError(c, a, err)
			}
			return tell(c, changed.User, "changed")
		}),
	}
}

func (h Host) resetPasswordCommand() *cobra.Command {
	var keep bool
	c := &cobra.Command{
		Use:   "reset-password <address or id>",
		Short: "Set a user's password and end the user's sessions",
		Example: "  kernia user reset-password ada@example.com\n" +
			"  printf %s \"$PASSWORD\" | kernia user reset-password ada@example.com",
		Args: arguments("the user's address or id"),
		RunE: h.with(func(c *cobra.Command, a *core.Auth, args []string) error {
			p, err := adminOf(a)
			if err != nil {
				return err
			}
			u, err := find(c, a, args[0])
			if err != nil {
				return err
			}
			password, err := ask.Password(c.Context(), c.InOrStdin(), c.ErrOrStderr(), "New password of "+u.Email)
			if err != nil {
				return err
			}
			if _, err := p.SetUserPassword.Call(c.Context(), &admin.SetPasswordInput{UserID: u.ID, NewPassword: password}); err != nil {
				return userError(c, a, err)
			}
			if !keep {
				if _, err := p.RevokeUserSessions.Call(c.Context(), &admin.UserInput{UserID: u.ID}); err != nil {
					return fmt.Errorf("the password is set, but the sessions of before have not ended: run the command again: %w", err)
				}
			}
			return tell(c, u, "has a new password")
		}),
	}
	c.Flags().BoolVar(&keep, "keep-sessions", false, "leave the user signed in where they are")
	return c
}

func adminOf(a *core.Auth) (*admin.Plugin, error) {
	p, ok := admin.From(a)
	if !ok {
		return nil, errors.New("the plugin admin is not installed: add admin.New(admin.Options{}) of " +
			"github.com/advantch/kernia-go/core/plugins/admin to core.Options.Plugins, and run \"kernia migrate\"")
	}
	return p, nil
}

// find looks a user up by address or id.
func find(c *cobra.Command, a *core.Auth, who string) (*core.User, error) {
	look, what := a.Store().FindUser, "id"
	if strings.Contains(who, "@") {
		look, what = a.Store().FindUserByEmail, "address"
		who = core.NormalizeEmail(who)
	}
	u, err := look(c.Context(), who)
	if core.IsNotFound(err) {
		return nil, fmt.Errorf("there is no user with the %s %q: \"kernia user create\" makes one", what, who)
	}
	if err != nil {
		return nil, userError(c, a, err)
	}
	return u, nil
}

// userError says what to do about an error of the plugin or of the database.
func userError(c *cobra.Command, a *core.Auth, err error) error {
	switch {
	case core.HasCode(err, admin.CodeUserExistsUseAnotherEmail):
		return fmt.Errorf("%w: \"kernia user set-role\" gives the user a role, \"kernia user reset-password\" a password", err)
	case core.HasCode(err, admin.CodeNonExistentRole):
		return fmt.Errorf("%w: core.Options.Plugins gives admin.Options.Roles, which lists the roles", err)
	case core.HasCode(err, core.CodePasswordTooShort), core.HasCode(err, core.CodePasswordTooLong), core.HasCode(err, core.CodeInvalidEmail):
		return err
	}
	if plan, bad := a.Plan(c.Context()); bad == nil && len(plan) > 0 {
		return fmt.Errorf("%w: the database lacks tables or columns: run \"kernia migrate\"", err)
	}
	return err
}

func tell(c *cobra.Command, u *core.User, what string) error {
	role, _ := u.Extra[admin.Role.Name].(string)
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s: %s (id %s, role %s)\n", what, u.Email, u.ID, role)
	return err
}

// arguments asks for arguments by their names.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return exit.Misused(fmt.Errorf("%s is missing: %q", names[len(args)], c.UseLine()))
		case len(args) > len(names):
			return exit.Misused(fmt.Errorf("%q is one argument too many: %q", args[len(names)], c.UseLine()))
		}
		return nil
	}
}
