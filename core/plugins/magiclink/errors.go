package magiclink

import "github.com/advantch/kernia-go/core"

// CodePrefetch is the answer to a browser that opens a link before its user does.
var CodePrefetch = core.ErrorCode{Code: "MAGIC_LINK_NOT_PREFETCHED", Message: "The link cannot be opened ahead"}

// What a refused sign-in adds to the target as "error".
const (
	refusedToken   = "INVALID_TOKEN"
	refusedSignUp  = "new_user_signup_disabled"
	refusedUser    = "failed_to_create_user"
	refusedSession = "failed_to_create_session"
)
