// The literals by which the scan finds names, tokens, keys and addresses worth a closer look.

/** Parts of names; the whole name around one is judged. Short ones are anchored with what may follow a name. */
export const STEMS: readonly string[] =
  'passw passphrase passcode passwd pass_ pwd secret token apikey api_key api-key _key -key .key key= key" key\' key: key% key\\ key] auth cred salt cookie session sess_ sessid sessionid jwt hmac webhook assertion mnemonic passe contrasena senha wachtwoord kennwort userpwd psk seed pepper requirepass bindpw rootpw adminpw userpw dbpw rpcpw signature license invite device_code authtok storekey database_url database-url databaseurl recovery_ backup_code code_verifier samlresponse saml_response dockerconfigjson credential privatekey private_key accesskey secretkey accountkey encryptionkey signingkey masterkey sharedkey presharedkey authkey key> remember storepass keypass'.split(
    ' ',
  );
export const SHORT_NAMES: readonly string[] =
  'pass pw sig sid pin otp cvv cvc key code hmac sign tok ticket totp bearer sas sso'.split(' ');
export const NAME_CLOSERS: readonly string[] = [
  '=',
  '"',
  "'",
  ':',
  '%',
  '\\',
  ' =',
  ' :',
  ']',
  '>',
  '\n',
  ',',
  '\t',
  ' |',
  ')',
];

export const AWS_PREFIXES: readonly string[] = ['AKIA', 'ASIA', 'ABIA', 'ACCA'];

export const WEBHOOKS: readonly string[] = [
  'hooks.slack.com/services/',
  'hooks.slack.com/workflows/',
  'hooks.slack.com/triggers/',
  'discord.com/api/webhooks/',
  'discordapp.com/api/webhooks/',
  'webhook.office.com/webhookb2/',
  'outlook.office.com/webhook/',
  'hooks.zapier.com/hooks/catch/',
  'hooks.zapier.com/hooks/standard/',
  'maker.ifttt.com/trigger/',
  'open.feishu.cn/open-apis/bot/v2/hook/',
  'open.larksuite.com/open-apis/bot/v2/hook/',
  'hook.make.com/',
  'hook.eu1.make.com/',
  'hook.us1.make.com/',
  'hook.eu2.make.com/',
  'hook.us2.make.com/',
  'hc-ping.com/',
  'nosnch.in/',
  'hooks.airtable.com/workflows/',
  'hooks.glip.com/webhook/',
  'api.opsgenie.com/v1/json/',
  'alert.victorops.com/integrations/generic/',
  'webhook.site/',
  'cloud.ntfy.sh/',
  'api.flock.com/hooks/sendmessage/',
  'hooks.stripe.com/',
  'pipedream.net/',
  'uptime.betterstack.com/api/v1/heartbeat/',
  'hooks.workato.com/webhooks/',
];

/** Of these only the segment behind them is the secret; what follows says what was called. */
export const WEBHOOK_SEGMENTS: readonly string[] = ['api.telegram.org/bot', 'api.telegram.org/file/bot'];

/** All digits are one symbol to the automaton. Shorter runs are years, epochs and ports, several in every line. */
export const CARD_BEGINNINGS: readonly string[] = ['00000000000000', '0000 0000', '0000-0000', '0000+0000'];

/** Bases of private keys: base64 of `-----BEGIN`, of OpenSSH's magic, and of DER headers that only private keys have. */
export const ENCODED_KEYS: readonly string[] = [
  'LS0tLS1CRUdJTi',
  'b3BlbnNzaC1rZXktdjE',
  'MIIEvQIBADANBgkqhki',
  'MIIEvgIBADANBgkqhki',
  'MIIEvAIBADANBgkqhki',
  'MIIJQgIBADANBgkqhki',
  'MIIJQwIBADANBgkqhki',
  'MIIJRAIBADANBgkqhki',
  'MIICdwIBADANBgkqhki',
  'MIIEpAIBAAKCAQEA',
  'MIIEowIBAAKCAQEA',
  'MIIEogIBAAKCAQEA',
  'MIIEpQIBAAKCAQEA',
  'MIIJKQIBAAKCAgEA',
  'MIIJKAIBAAKCAgEA',
  'MIIJJwIBAAKCAgEA',
  'MIICXAIBAAKBgQ',
  'MIICXQIBAAKBgQ',
  'MC4CAQAwBQYDK2VwBCIEI',
  'MHcCAQEEI',
  'MIGHAgEAMBMGByqGSM49',
  'MIG2AgEAMBAGByqGSM49',
  'MIGkAgEBBDD',
];

/** Names of two words, as prose writes them. */
export const SPACED_NAMES: readonly string[] = [
  'api key',
  'secret key',
  'access key',
  'encryption key',
  'signing key',
  'license key',
  'auth key',
  'unseal key',
  'recovery key',
  'master key',
  'private key',
  'preshared key',
  'pre-shared key',
];

/** Path segments behind which links carry a token of one use. */
export const TOKEN_PATHS: readonly string[] = [
  '/reset/',
  '/reset-password/',
  '/password-reset/',
  '/password/reset/',
  '/password/edit/',
  '/login/',
  '/magic/',
  '/magic-link/',
  '/verify/',
  '/verify-email/',
  '/confirm/',
  '/confirm-email/',
  '/confirmation/',
  '/activate/',
  '/activation/',
  '/invite/',
  '/invitation/',
  '/invitations/',
  '/unsubscribe/',
  '/token/',
  '/tokens/',
  '/access/',
  '/share/',
  '/secret/',
  '/webhook/',
  '/webhooks/',
];

export const ONE_TIME_CODES: readonly string[] = [
  'otp',
  'otp code',
  'verification code',
  'security code',
  'login code',
  'one-time code',
  'one time code',
  'one-time password',
  'one-time passcode',
  'confirmation code',
  '2fa code',
  'mfa code',
  'pin code',
  'sms code',
];
