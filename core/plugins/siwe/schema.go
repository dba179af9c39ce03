package siwe

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ModelWallet is the logical name of the plugin's table.
const ModelWallet = "walletAddress"

const (
	fieldUser    = "userId"
	fieldAddress = "address"
	fieldChain   = "chainId"
)

func walletTable(name string, columns map[string]string) schema.Table {
	t := schema.Table{Model: ModelWallet, Name: name, Fields: []schema.Field{
		{Name: fieldUser, Type: schema.String, Index: true, References: &schema.Reference{Model: core.ModelUser}},
		{Name: fieldAddress, Type: schema.String, Index: true, Sortable: true},
		{Name: fieldChain, Type: schema.Number, BigInt: true},
		{Name: "isPrimary", Type: schema.Boolean, Default: schema.Value(false)},
		{Name: "createdAt", Type: schema.Date},
	}}
	for i := range t.Fields {
		t.Fields[i].Column = columns[t.Fields[i].Name]
	}
	return t
}

func checkColumns(columns map[string]string) error {
	known := map[string]bool{}
	for _, f := range walletTable("", nil).Fields {
		known[f.Name] = true
	}
	for name := range columns {
		if !known[name] {
			return fmt.Errorf("Columns renames %q: the fields are userId, address, chainId, isPrimary and createdAt", name)
		}
	}
	return nil
}

// wallet is a row of the table: an address on one chain. One user may have many.
type wallet struct {
	core.Row
	UserID    string    `row:"userId"`
	Address   string    `row:"address"`
	ChainID   int64     `row:"chainId"`
	IsPrimary bool      `row:"isPrimary"`
	CreatedAt time.Time `row:"createdAt"`
}

// owner returns the user of a wallet: of its address on this chain or, when the proof holds
// on every chain, on any.
func (p *Plugin) owner(ctx context.Context, proof Proof) (*core.User, error) {
	w, err := p.wallets.Find(ctx, adapter.By(fieldAddress, proof.Address).And(fieldChain, proof.ChainID))
	if core.IsNotFound(err) && (p.ownVerifier || signedByKey(proof)) {
		w, err = p.wallets.Find(ctx, adapter.By(fieldAddress, proof.Address))
	}
	if err != nil {
		return nil, err
	}
	return p.auth.Store().FindUser(ctx, w.UserID)
}

// connect gives a user an address on a chain, with its account. The key of the account
// admits each address on each chain once.
func (p *Plugin) connect(ctx context.Context, userID, address string, chain int64, primary bool) error {
	now := p.auth.Now()
	_, err := p.wallets.Create(ctx, &wallet{UserID: userID, Address: address, ChainID: chain, IsPrimary: primary, CreatedAt: now})
	if err != nil {
		return err
	}
	_, err = p.auth.Store().CreateAccount(ctx, core.Account{UserID: userID, ProviderID: ID, AccountID: accountID(address, chain)})
	return err
}

func accountID(address string, chain int64) string {
	return address + ":" + strconv.FormatInt(chain, 10)
}

// unlinked removes the wallet of an account that is deleted, so that it no longer signs
// in. Better Auth leaves it.
func (p *Plugin) unlinked(ctx context.Context, a *core.Account) error {
	if a.ProviderID != ID {
		return nil
	}
	address, id, _ := strings.Cut(a.AccountID, ":")
	chain, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil // not an account that this plugin has made
	}
	_, err = p.wallets.Delete(ctx, adapter.By(fieldUser, a.UserID).And(fieldAddress, address).And(fieldChain, chain))
	return err
}

// disown removes the wallets of a user whose address has been proven by somebody else.
func (p *Plugin) disown(ctx context.Context, userID string) error {
	_, err := p.wallets.Delete(ctx, adapter.By(fieldUser, userID))
	return err
}
