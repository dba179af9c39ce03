package phonenumber

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// The handles on the fields of the user. Clients see both. They cannot set Verification,
// and can only remove PhoneNumber; a code sets it.
var (
	PhoneNumber  = core.Field[string]{Name: "phoneNumber"}
	Verification = core.Field[bool]{Name: "phoneNumberVerified"}
)

func userFields(columns map[string]string) []schema.Field {
	return []schema.Field{
		{Name: PhoneNumber.Name, Column: columns[PhoneNumber.Name], Type: schema.String, Optional: true, Unique: true, Sortable: true, Line: true},
		{Name: Verification.Name, Column: columns[Verification.Name], Type: schema.Boolean, Optional: true, NoInput: true},
	}
}

// refuseMember keeps clients from giving a number that they have not verified.
func refuseMember(code core.ErrorCode) func(c *core.Ctx) error {
	return func(c *core.Ctx) error {
		body, ok := c.Body().Obj()
		if !ok {
			return nil
		}
		if v, given := body.Get(PhoneNumber.Name); given && !v.IsNull() {
			return core.Fail(http.StatusBadRequest, code)
		}
		return nil
	}
}

// beforeCreate drops a number that a call has not verified, such as one in the profile of
// a provider: numbers are unique, and its owner could not use it. The application itself
// may create users with unverified numbers.
func (p *Plugin) beforeCreate(ctx context.Context, u *core.User) error {
	number, ok := PhoneNumber.Of(u.Extra)
	if !ok {
		return nil
	}
	if is, _ := Verification.Of(u.Extra); !is && fromClient(ctx) {
		c, _ := core.CtxFrom(ctx)
		if c.Body().Get(PhoneNumber.Name).Truthy() {
			return core.Fail(http.StatusBadRequest, CodeCannotBeSet)
		}
		u.Extra = u.Extra.Clone()
		u.Extra[PhoneNumber.Name], u.Extra[Verification.Name] = nil, false
		return nil
	}
	number, err := p.normal(number)
	if err != nil {
		return err
	}
	u.Extra = u.Extra.Clone()
	u.Extra[PhoneNumber.Name] = number
	return p.endResets(ctx, number)
}

// beforeUpdate is the same for updates. Whoever removes a number also removes its
// verification.
func (p *Plugin) beforeUpdate(ctx context.Context, set adapter.Record) error {
	value, ok := set[PhoneNumber.Name]
	if !ok {
		return nil
	}
	number, ok := value.(string)
	if !ok {
		set[Verification.Name] = false
		return nil
	}
	if is, _ := set[Verification.Name].(bool); !is && fromClient(ctx) {
		delete(set, PhoneNumber.Name)
		return nil
	}
	number, err := p.normal(number)
	if err != nil {
		return err
	}
	set[PhoneNumber.Name] = number
	return p.endResets(ctx, number)
}

// endResets removes the codes that reset the password of a number's user: from now on the
// number belongs to somebody else, and who knows a code from before need not.
func (p *Plugin) endResets(ctx context.Context, number string) error {
	for _, identifier := range []string{toReset.identifier(number), toReset.later(number)} {
		if err := p.auth.Store().DeleteVerification(ctx, identifier); err != nil {
			return err
		}
	}
	return nil
}

// fromClient reports whether a write belongs to a request of a client who is not an
// administrator.
func fromClient(ctx context.Context) bool {
	c, ok := core.CtxFrom(ctx)
	return ok && !c.FromServer() && c.Path() != "/admin/update-user"
}

// disown removes the number, by which somebody else may sign in.
func (p *Plugin) disown(ctx context.Context, userID string) error {
	_, err := p.auth.Store().UpdateUser(ctx, userID, adapter.Record{PhoneNumber.Name: nil, Verification.Name: false})
	return err
}
