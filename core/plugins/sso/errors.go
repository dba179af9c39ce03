package sso

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// The error codes. Better Auth 1.6 sends most of the messages without a code.
var (
	CodeDisabled          = core.ErrorCode{Code: "SSO_PROVIDER_REGISTRATION_DISABLED", Message: "SSO provider registration is disabled"}
	CodeTooMany           = core.ErrorCode{Code: "TOO_MANY_SSO_PROVIDERS", Message: "You have reached the maximum number of SSO providers"}
	CodeIssuer            = core.ErrorCode{Code: "INVALID_ISSUER", Message: "Invalid issuer. Must be a valid URL"}
	CodeNoMember          = core.ErrorCode{Code: "NOT_A_MEMBER", Message: "You are not a member of the organization"}
	CodeNoAdmin           = core.ErrorCode{Code: "INSUFFICIENT_ROLE", Message: "You must be an organization owner or admin to register SSO providers"}
	CodeNoOrganizations   = core.ErrorCode{Code: "ORGANIZATION_PLUGIN_REQUIRED", Message: "Linking a provider to an organization requires the organization plugin"}
	CodeTaken             = core.ErrorCode{Code: "SSO_PROVIDER_EXISTS", Message: "SSO provider with this providerId already exists"}
	CodeReserved          = core.ErrorCode{Code: "PROVIDER_ID_RESERVED", Message: "This providerId is reserved and cannot be used for an SSO provider"}
	CodeProviderID        = core.ErrorCode{Code: "INVALID_PROVIDER_ID", Message: "The providerId must be 1 to 64 letters, digits, hyphens and underscores"}
	CodeInvalidDomain     = core.ErrorCode{Code: "INVALID_DOMAIN", Message: "Invalid domain"}
	CodeNoConfig          = core.ErrorCode{Code: "SSO_CONFIGURATION_REQUIRED", Message: "Give either oidcConfig or samlConfig"}
	CodeTooLong           = core.ErrorCode{Code: "SSO_CONFIGURATION_TOO_LONG", Message: "The configuration is too long"}
	CodeMetadataTooLong   = core.ErrorCode{Code: "SAML_METADATA_TOO_LARGE", Message: "IdP metadata exceeds maximum allowed size (%d bytes)"}
	CodeOwnMetadata       = core.ErrorCode{Code: "INVALID_SP_METADATA", Message: "spMetadata.metadata must be an EntityDescriptor"}
	CodeNoSAML            = core.ErrorCode{Code: "SAML_NOT_SUPPORTED", Message: "This server has no SAML"}
	CodeSAMLIncomplete    = core.ErrorCode{Code: "SAML_CONFIGURATION_INCOMPLETE", Message: "SAML configuration requires either idpMetadata.metadata (IdP metadata XML), idpMetadata.singleSignOnService, or a valid entryPoint URL"}
	CodeNoKey             = core.ErrorCode{Code: "SAML_PRIVATE_KEY_REQUIRED", Message: "authnRequestsSigned is enabled but no privateKey provided in spMetadata or samlConfig"}
	CodeNothing           = core.ErrorCode{Code: "NO_FIELDS_PROVIDED", Message: "No fields provided for update"}
	CodeNoAccess          = core.ErrorCode{Code: "NO_ACCESS_TO_PROVIDER", Message: "You don't have access to this provider"}
	CodeNotOIDC           = core.ErrorCode{Code: "OIDC_NOT_CONFIGURED", Message: "Cannot update OIDC config for a provider that doesn't have OIDC configured"}
	CodeNotSAML           = core.ErrorCode{Code: "SAML_NOT_CONFIGURED", Message: "Cannot update SAML config for a provider that doesn't have SAML configured"}
	CodeLinked            = core.ErrorCode{Code: "SSO_PROVIDER_HAS_ACCOUNTS", Message: "Cannot change SSO provider identity fields while linked accounts exist"}
	CodeChanged           = core.ErrorCode{Code: "SSO_PROVIDER_CHANGED", Message: "The SSO provider has changed meanwhile. Reload it and try again"}
	CodeAccess            = core.ErrorCode{Code: "INSUFICCIENT_ACCESS", Message: "User must be owner of or belong to the SSO provider organization"}
	CodeDomainVerified    = core.ErrorCode{Code: "DOMAIN_VERIFIED", Message: "Domain has already been verified"}
	CodeIdentifier        = core.ErrorCode{Code: "IDENTIFIER_TOO_LONG", Message: "Verification identifier exceeds the DNS label limit of 63 characters"}
	CodeNoPending         = core.ErrorCode{Code: "NO_PENDING_VERIFICATION", Message: "No pending domain verification exists"}
	CodeUnproven          = core.ErrorCode{Code: "DOMAIN_VERIFICATION_FAILED", Message: "Unable to verify domain ownership. Try again later"}
	CodeWhich             = core.ErrorCode{Code: "SSO_PROVIDER_NOT_NAMED", Message: "email, organizationSlug, domain or providerId is required"}
	CodeWhichOf           = core.ErrorCode{Code: "SSO_PROVIDER_NOT_NAMED", Message: "providerId, orgId or domain is required"}
	CodeTargetTooLong     = core.ErrorCode{Code: "CALLBACK_URL_TOO_LONG", Message: "A callback URL has at most 2048 bytes"}
	CodeNotFound          = core.ErrorCode{Code: "SSO_PROVIDER_NOT_FOUND", Message: "No provider found for the issuer"}
	CodeNoOIDCConfigured  = core.ErrorCode{Code: "OIDC_NOT_CONFIGURED", Message: "OIDC provider is not configured"}
	CodeNoSAMLConfigured  = core.ErrorCode{Code: "SAML_NOT_CONFIGURED", Message: "SAML provider is not configured"}
	CodeDomainNotVerified = core.ErrorCode{Code: "DOMAIN_NOT_VERIFIED", Message: "Provider domain has not been verified"}
	CodeNoAuthorization   = core.ErrorCode{Code: "INVALID_OIDC_CONFIGURATION", Message: "Invalid OIDC configuration. Authorization URL not found."}
	CodeNoClientKey       = core.ErrorCode{Code: "PRIVATE_KEY_REQUIRED", Message: "private_key_jwt authentication requires either a resolvePrivateKey callback or a privateKey in defaultSSO"}
	CodeNoClientSecret    = core.ErrorCode{Code: "CLIENT_SECRET_REQUIRED", Message: "clientSecret is required when using client_secret_basic or client_secret_post authentication"}
	CodeKeyAlgorithm      = core.ErrorCode{Code: "INVALID_KEY_ALGORITHM", Message: "The privateKeyAlgorithm must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA"}
	CodeBroken            = core.ErrorCode{Code: "INVALID_SSO_PROVIDER", Message: "Invalid SSO provider"}

	CodeNoProvider       = core.ErrorCode{Code: "SAML_PROVIDER_NOT_FOUND", Message: "No provider found for the given providerId"}
	CodeBrokenSAML       = core.ErrorCode{Code: "INVALID_SAML_CONFIGURATION", Message: "Invalid SAML configuration"}
	CodeNoSAMLProvider   = core.ErrorCode{Code: "SAML_PROVIDER_NOT_FOUND", Message: "No SAML provider found"}
	CodeResponseRequired = core.ErrorCode{Code: "SAML_RESPONSE_REQUIRED", Message: "SAMLResponse is required for POST requests"}
	CodeResponseTooLong  = core.ErrorCode{Code: "SAML_RESPONSE_TOO_LARGE", Message: "SAML response exceeds maximum allowed size (%d bytes)"}
	CodeNoIdentity       = core.ErrorCode{Code: "SAML_NO_IDENTITY", Message: "Unable to extract user ID or email from SAML response"}
	CodeInvalidResponse  = core.ErrorCode{Code: "INVALID_SAML_RESPONSE", Message: "Invalid SAML response"}

	CodeSingleLogoutNotEnabled = core.ErrorCode{Code: "SINGLE_LOGOUT_NOT_ENABLED", Message: "Single Logout is not enabled"}
	CodeInvalidLogoutResponse  = core.ErrorCode{Code: "INVALID_LOGOUT_RESPONSE", Message: "Invalid LogoutResponse"}
	CodeInvalidLogoutRequest   = core.ErrorCode{Code: "INVALID_LOGOUT_REQUEST", Message: "Invalid LogoutRequest"}
	CodeLogoutFailed           = core.ErrorCode{Code: "LOGOUT_FAILED_AT_IDP", Message: "Logout failed at IdP"}
	CodeLogoutNotSupported     = core.ErrorCode{Code: "IDP_SLO_NOT_SUPPORTED", Message: "IdP does not support Single Logout Service"}
	CodeLogoutProvider         = core.ErrorCode{Code: "SAML_PROVIDER_NOT_FOUND", Message: "SAML provider not found"}
)

func codes() []core.ErrorCode {
	return []core.ErrorCode{
		CodeDisabled, CodeTooMany, CodeIssuer, CodeNoMember, CodeNoAdmin, CodeNoOrganizations, CodeTaken, CodeReserved, CodeProviderID, CodeInvalidDomain, CodeNoConfig,
		CodeTooLong, CodeMetadataTooLong, CodeOwnMetadata, CodeNoSAML, CodeSAMLIncomplete, CodeNoKey, CodeNothing, CodeNoAccess, CodeNotOIDC, CodeNotSAML, CodeLinked, CodeChanged,
		CodeAccess, CodeDomainVerified, CodeIdentifier, CodeNoPending, CodeUnproven, CodeWhich, CodeTargetTooLong, CodeNotFound, CodeDomainNotVerified, CodeNoAuthorization, CodeBroken, CodeNoClientKey, CodeNoClientSecret, CodeKeyAlgorithm,
		CodeNoProvider, CodeBrokenSAML, CodeResponseRequired, CodeResponseTooLong, CodeNoIdentity, CodeInvalidResponse, CodeSingleLogoutNotEnabled,
		CodeInvalidLogoutResponse, CodeInvalidLogoutRequest, CodeLogoutFailed, CodeLogoutNotSupported,
	}
}

// errNoSuch is the answer to an id of a provider that there is not.
func errNoSuch() error { return core.Fail(http.StatusNotFound, core.CodeProviderNotFound) }
