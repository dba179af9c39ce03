package scim

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
	"github.com/advantch/kernia-go/core/wire"
)

// The error codes of the routes for users with a session. Better Auth 1.6 sends the messages
// without a code.
var (
	CodeForbiddenCharacters  = core.ErrorCode{Code: "PROVIDER_ID_CONTAINS_FORBIDDEN_CHARACTERS", Message: "Provider id contains forbidden characters"}
	CodeReserved             = core.ErrorCode{Code: "PROVIDER_ID_RESERVED", Message: "Provider id collides with a built-in account provider and cannot be used for SCIM"}
	CodeInUse                = core.ErrorCode{Code: "PROVIDER_ID_IN_USE", Message: "Provider id is in use"}
	CodeNeedsOrganizations   = core.ErrorCode{Code: "ORGANIZATION_PLUGIN_REQUIRED", Message: "Restricting a token to an organization requires the organization plugin"}
	CodeNoMember             = core.ErrorCode{Code: "NOT_A_MEMBER", Message: "You are not a member of the organization"}
	CodeInsufficientRole     = core.ErrorCode{Code: "INSUFFICIENT_ROLE", Message: "Insufficient role for this operation"}
	CodeOrganizationsMissing = core.ErrorCode{Code: "ORGANIZATION_PLUGIN_MISSING", Message: "Organization plugin is required to access this SCIM provider"}
	CodeMustBeMember         = core.ErrorCode{Code: "MUST_BE_MEMBER", Message: "You must be a member of the organization to access this provider"}
	CodeMustBeOwner          = core.ErrorCode{Code: "MUST_BE_OWNER", Message: "You must be the owner to access this provider"}
	CodeProviderNotFound     = core.ErrorCode{Code: "SCIM_PROVIDER_NOT_FOUND", Message: "SCIM provider not found"}
	// CodeDeactivated refuses the sign-in of a user whom a directory has deactivated, where the
	// plugin admin does not refuse it.
	CodeDeactivated = core.ErrorCode{Code: "USER_DEACTIVATED", Message: "This account has been deactivated by its organization"}
)

var codes = []core.ErrorCode{CodeForbiddenCharacters, CodeReserved, CodeInUse, CodeNeedsOrganizations, CodeNoMember, CodeInsufficientRole,
	CodeOrganizationsMissing, CodeMustBeMember, CodeMustBeOwner, CodeProviderNotFound, CodeDeactivated}

// ErrorReply is a failure in the form of RFC 7644 §3.12.
type ErrorReply struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	Detail   string   `json:"detail,omitempty"`
	ScimType string   `json:"scimType,omitempty"`
}

// AppendJSON appends the failure.
func (e ErrorReply) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schemas":["`+document.ErrorURN+`"],"status":"`+e.Status+`"`...)
	for _, m := range [...][2]string{{"detail", e.Detail}, {"scimType", e.ScimType}} {
		if m[1] != "" {
			dst = append(dst, `,"`+m[0]+`":`...)
			dst = wire.AppendString(dst, m[1])
		}
	}
	return append(dst, '}')
}

// refuse makes a failure of the protocol. scimType may be empty.
func refuse(status int, scimType, detail string) *core.Error {
	code := cmp.Or(scimType, http.StatusText(status))
	return &core.Error{Status: status, Code: "SCIM_" + strings.ToUpper(strings.ReplaceAll(code, " ", "_")), Message: detail,
		ContentType: mediaType, Body: ErrorReply{Status: strconv.Itoa(status), Detail: detail, ScimType: scimType}}
}

// asProtocol puts failures of the kernel and of other plugins into the form of the protocol.
func asProtocol(e *core.Error) *core.Error {
	if _, ok := e.Body.(ErrorReply); ok {
		return e
	}
	scimType := ""
	switch {
	case e.Code == core.CodeInvalidJSON.Code:
		scimType = document.InvalidSyntax
	case e.Code == core.CodeValidationError.Code, e.Code == core.CodeInvalidCharacters.Code:
		scimType = document.InvalidValue
	}
	out := refuse(e.Status, scimType, cmp.Or(e.Message, http.StatusText(e.Status)))
	out.Header, out.Cause = e.Header, e.Cause
	return out
}

var (
	errUserNotFound  = refuse(http.StatusNotFound, "", "User not found")
	errGroupNotFound = refuse(http.StatusNotFound, "", "Group not found")
	errTaken         = refuse(http.StatusConflict, document.Uniqueness, "User already exists")
	errNoValue       = refuse(http.StatusBadRequest, document.InvalidSyntax, "The body is no JSON object")
	errNothing       = refuse(http.StatusBadRequest, "", "No valid fields to update")
)

// refusal turns errors of documents, of unique keys and of other plugins into failures of the
// protocol.
func refusal(err error) error {
	var doc *document.Error
	var answer *core.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &doc):
		return refuse(http.StatusBadRequest, doc.Type, doc.Detail)
	case errors.As(err, &answer):
		if answer.Status < http.StatusInternalServerError {
			return asProtocol(answer)
		}
		return err
	case errors.Is(err, adapter.ErrUnique):
		return errTaken
	}
	return err
}

// missing reports whether an error says that there is no such row. A database that numbers its
// rows has none for an id that is no number.
func missing(err error) bool { return core.IsNotFound(err) || errors.Is(err, adapter.ErrBadValue) }
