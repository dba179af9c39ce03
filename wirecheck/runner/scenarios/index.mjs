/**
 * All scenarios. One is a name and a function that plays it; it must not know
 * which server it talks to.
 * @typedef {{name: string, run: (t: import("../app.mjs").Run) => Promise<void>, untied?: boolean}} Scenario
 * untied: lists of rows of one moment are compared without an order, on every database
 */
import accounts from "./accounts.mjs";
import admin from "./admin.mjs";
import anonymous from "./anonymous.mjs";
import apiKey from "./api-key.mjs";
import bearer from "./bearer.mjs";
import captcha from "./captcha.mjs";
import cookies from "./cookies.mjs";
import email from "./email.mjs";
import emailOTP from "./email-otp.mjs";
import fields from "./fields.mjs";
import customSession from "./custom-session.mjs";
import deviceAuthorization from "./device-authorization.mjs";
import genericOAuth from "./generic-oauth.mjs";
import haveIBeenPwned from "./have-i-been-pwned.mjs";
import hooks from "./hooks.mjs";
import electron from "./electron.mjs";
import expo from "./expo.mjs";
import jwt from "./jwt.mjs";
import i18n from "./i18n.mjs";
import lastLoginMethod from "./last-login-method.mjs";
import limits from "./limits.mjs";
import magicLink from "./magic-link.mjs";
import multiSession from "./multi-session.mjs";
import nextClient from "./client-1.7.mjs";
import officialClient from "./client.mjs";
import oauthProvider from "./oauthprovider.mjs";
import oauthProxy from "./oauth-proxy.mjs";
import oidcProvider from "./oidc-provider.mjs";
import oneTap from "./one-tap.mjs";
import oneTimeToken from "./one-time-token.mjs";
import openAPI from "./open-api.mjs";
import options from "./options.mjs";
import organizationHooks from "./organization-hooks.mjs";
import organizationInvitations from "./organization-invitations.mjs";
import organizationMembers from "./organization-members.mjs";
import organizationOptions from "./organization-options.mjs";
import organizationRoles from "./organization-roles.mjs";
import organizationTeams from "./organization-teams.mjs";
import organizations from "./organization.mjs";
import origins from "./origins.mjs";
import passkey from "./passkey.mjs";
import passwords from "./passwords.mjs";
import phoneNumber from "./phone-number.mjs";
import refusals from "./refusals.mjs";
import requests from "./requests.mjs";
import scim from "./scim.mjs";
import sessions from "./sessions.mjs";
import signIn from "./sign-in.mjs";
import signUp from "./sign-up.mjs";
import siwe from "./siwe.mjs";
import sso from "./sso.mjs";
import ssoSaml from "./sso-saml.mjs";
import social from "./social.mjs";
import socialProviders from "./social-providers.mjs";
import storage from "./storage.mjs";
import twoFactor from "./two-factor.mjs";
import username from "./username.mjs";
import users from "./users.mjs";

/** @type {Scenario[]} */
export const scenarios = [
  ...officialClient, ...nextClient, ...signUp, ...signIn, ...sessions, ...passwords, ...email, ...users, ...accounts,
  ...requests, ...origins, ...limits, ...cookies, ...fields, ...hooks, ...storage, ...options,
  ...organizations, ...organizationMembers, ...organizationInvitations, ...organizationTeams, ...organizationRoles,
  ...organizationHooks, ...organizationOptions,
  ...passkey,
  ...genericOAuth, ...oneTap, ...oauthProvider, ...oidcProvider,
  ...oauthProxy,
  ...twoFactor, ...bearer, ...lastLoginMethod, ...social, ...socialProviders,
  ...admin,
  ...anonymous,
  ...apiKey,
  ...multiSession,
  ...i18n,
  ...electron,
  ...expo,
  ...captcha,
  ...customSession,
  ...deviceAuthorization,
  ...emailOTP,
  ...haveIBeenPwned,
  ...jwt,
  ...magicLink,
  ...oneTimeToken,
  ...openAPI,
  ...phoneNumber,
  ...scim,
  ...siwe,
  ...sso,
  ...ssoSaml,
  ...username,
  ...refusals,
];
