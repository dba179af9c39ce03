package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["siwe"] = (*instance).siwe }

func (i *instance) siwe(s *section) core.Plugin {
	o := siwe.Options{
		Domain: s.text("domain"), EmailDomainName: s.text("emailDomainName"), RequireEmail: !s.flagOr("anonymous", true),
	}
	if f := s.function("getNonce"); f != nil {
		o.Nonce = func(ctx context.Context) (string, error) {
			v, err := f.call(ctx)
			nonce, _ := v.Str()
			return nonce, err
		}
	}
	if f := s.function("verifyMessage"); f != nil {
		o.VerifyMessage = func(ctx context.Context, p siwe.Proof) (bool, error) {
			v, err := f.call(ctx, proofOf(p))
			return v.Truthy(), err
		}
	}
	if f := s.function("ensLookup"); f != nil {
		o.LookupENS = func(ctx context.Context, address string) (siwe.Profile, error) {
			v, err := f.call(ctx, object("walletAddress", address))
			name, _ := v.Get("name").Str()
			avatar, _ := v.Get("avatar").Str()
			return siwe.Profile{Name: name, Avatar: avatar}, err
		}
	}
	table := s.sub("schema").sub("walletAddress")
	o.Table, o.Columns = table.text("modelName"), columns(table)
	return siwe.New(o)
}

// proofOf is the argument of verifyMessage.
func proofOf(p siwe.Proof) wire.Value {
	claims := object("domain", p.Domain, "aud", p.Domain, "nonce", p.Nonce, "iss", p.Domain, "version", "1")
	cacao := object("h", object("t", "caip122"), "p", claims, "s", object("t", "eip191", "s", p.Signature))
	return object("message", p.Message, "signature", p.Signature, "address", p.Address, "chainId", float64(p.ChainID), "cacao", cacao)
}
