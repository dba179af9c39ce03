// Command outerctx reports code in the function of a transaction that passes on the context
// from around it, such as the call, in place of the one that Tx gave:
//
//	store.Tx(c, func(ctx context.Context) error {
//		_, err := store.UpdateUser(c, id, set) // ctx belongs here
//		return err
//	})
//
// The core refuses that at run time. This command finds it without running the code.
package main

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/singlechecker"
)

var analyzer = &analysis.Analyzer{
	Name: "outerctx",
	Doc:  "report contexts from around a transaction that are used inside of it",
	Run:  run,
}

func main() { singlechecker.Main(analyzer) }

func run(pass *analysis.Pass) (any, error) {
	p := &check{Pass: pass, wrappers: map[types.Object]bool{}}
	for more := true; more; {
		more = false
		for _, file := range pass.Files {
			for _, decl := range file.Decls {
				more = p.wraps(decl) || more
			}
		}
	}
	for _, file := range pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && p.isTx(call) {
				for _, arg := range call.Args {
					if fn, ok := arg.(*ast.FuncLit); ok {
						p.body(fn)
					}
				}
			}
			return true
		})
	}
	return nil, nil
}

type check struct {
	*analysis.Pass
	wrappers map[types.Object]bool // functions of the package that hand a parameter to Tx
}

// wraps notes a function that hands one of its parameters to Tx: it begins
// transactions as well. It reports whether that is new.
func (p *check) wraps(decl ast.Decl) bool {
	fn, ok := decl.(*ast.FuncDecl)
	if !ok || fn.Body == nil || p.wrappers[p.TypesInfo.Defs[fn.Name]] {
		return false
	}
	found := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !p.isTx(call) {
			return true
		}
		for _, arg := range call.Args {
			name, ok := arg.(*ast.Ident)
			if !ok {
				continue
			}
			v, ok := p.TypesInfo.Uses[name].(*types.Var)
			if !ok || v.Pos() < fn.Type.Pos() || v.Pos() > fn.Type.End() {
				continue
			}
			if sig, ok := v.Type().Underlying().(*types.Signature); ok && takesContext(sig) {
				found = true
			}
		}
		return true
	})
	if found {
		p.wrappers[p.TypesInfo.Defs[fn.Name]] = true
	}
	return found
}

func takesContext(sig *types.Signature) bool {
	return sig.Params().Len() > 0 && isContext(sig.Params().At(0).Type())
}

func isContext(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == "Context" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "context"
}

// callee is the function or method that a call names.
func (p *check) callee(call *ast.CallExpr) types.Object {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return p.TypesInfo.Uses[f]
	case *ast.SelectorExpr:
		return p.TypesInfo.Uses[f.Sel]
	}
	return nil
}

// isTx reports a call of a method Tx(context, func(context) error), or of a wrapper.
func (p *check) isTx(call *ast.CallExpr) bool {
	fn, ok := p.callee(call).(*types.Func)
	if !ok {
		return false
	}
	if p.wrappers[fn] {
		return true
	}
	sig := fn.Signature()
	if fn.Name() != "Tx" || sig.Recv() == nil || sig.Params().Len() != 2 || !takesContext(sig) {
		return false
	}
	inner, ok := sig.Params().At(1).Type().Underlying().(*types.Signature)
	return ok && takesContext(inner)
}

// later are the functions whose argument runs when the transaction is over.
var later = map[string]bool{"AfterCommit": true, "Tell": true, "Go": true, "Then": true}

// body reports contexts that the function of a transaction passes on from outside.
func (p *check) body(fn *ast.FuncLit) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.CallExpr:
			callee := p.callee(n)
			p.arguments(fn, n)
			if callee != nil && later[callee.Name()] {
				return false
			}
			return !p.isTx(n) // its function is checked separately
		}
		return true
	})
}

// arguments reports those of one call.
func (p *check) arguments(fn *ast.FuncLit, call *ast.CallExpr) {
	sig, ok := p.TypesInfo.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return
	}
	for i, arg := range call.Args {
		if i >= sig.Params().Len() || !isContext(sig.Params().At(i).Type()) {
			continue
		}
		name, ok := ast.Unparen(arg).(*ast.Ident)
		if !ok {
			continue
		}
		v, ok := p.TypesInfo.Uses[name].(*types.Var)
		if ok && (v.Pos() < fn.Pos() || v.Pos() > fn.End()) {
			p.Reportf(arg.Pos(), "%s is from around the transaction: pass the context that Tx gave", name.Name)
		}
	}
}
