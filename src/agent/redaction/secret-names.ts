// The names whose values are always secrets, and the words from which every other name is judged.

/** The agreed blacklist: always masked, whatever the value, in any letter case and as kebab or camel form. */
export const BLACKLISTED_NAMES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'DATABASE_URL',
  'DB_PASSWORD',
  'MYSQL_ROOT_PASSWORD',
  'PGPASSWORD',
  'MONGO_PASSWORD',
  'API_KEY',
  'API_SECRET',
  'AUTH_TOKEN',
  'SECRET_KEY',
  'PRIVATE_KEY',
  'STRIPE_SECRET_KEY',
  'STRIPE_API_KEY',
  'TWILIO_AUTH_TOKEN',
  'GITHUB_TOKEN',
  'GITLAB_TOKEN',
  'SENDGRID_API_KEY',
  'MAILGUN_API_KEY',
  'CERT_PASSWORD',
  'KEY_PASSWORD',
  'SSL_KEY_PASSWORD',
] as const;

/** Well-known secrets that the words below would miss. */
export const FURTHER_SECRET_NAMES = [
  'REDISCLI_AUTH',
  'MYSQL_PWD',
  'APP_KEY',
  'RAILS_MASTER_KEY',
  'SECRET_KEY_BASE',
  'DOCKER_AUTH_CONFIG',
  'SOPS_AGE_KEY',
  'FERNET_KEY',
  'TS_AUTHKEY',
  'N8N_ENCRYPTION_KEY',
  'ACCOUNT_KEY',
  'MASTER_AUTH',
  'MASTERAUTH',
  'AWS_SECRET',
  'AWS_KEY',
  'RCON_PW',
  'TOTP_SEED',
  'OTP_SEED',
  'HOTP_SEED',
  'MFA_SEED',
  'TWO_FACTOR_SEED',
  'WALLET_SEED',
  'SEED_PHRASE',
  'RECOVERY_CODE',
  'RECOVERY_PHRASE',
  'BACKUP_CODE',
  'SAML_RESPONSE',
  'SAML_ASSERTION',
  'CLIENT_ASSERTION',
  'CODE_VERIFIER',
  'X_AMZ_SECURITY_TOKEN',
  'X_AMZ_CREDENTIAL',
  'X_AMZ_SIGNATURE',
  'X_GOOG_CREDENTIAL',
  'X_GOOG_SIGNATURE',
  'USERPWD',
  'DOCKERCONFIGJSON',
  'DEVICE_CODE',
  'USER_CODE',
  'INVITE_CODE',
  'APP_KEYS',
  'SECRET_ACCESS_KEYS',
] as const;

/** Look like secrets by their words and are none. */
export const PUBLIC_NAMES = [
  'OLDPWD',
  'FASTCGI_PASS',
  'UWSGI_PASS',
  'SCGI_PASS',
  'GRPC_PASS',
  'SSH_AUTH_SOCK',
  'GPG_KEY',
  'GPG_KEYS',
  'X_API_KEY_ID',
  'KEY_PAIR_ID',
] as const;

/** A segment of a name that makes it secret. */
export const SECRET_WORDS: ReadonlySet<string> = new Set(
  `password passwd passphrase passcode pwd pass pw secret token credential credentials creds salt psk mnemonic
  authtok authtoken apikey apitoken apisecret authtoken accesstoken refreshtoken idtoken authkey accesskey secretkey privatekey privkey masterkey
  sessionid sessid sesskey jsessionid phpsessid aspsessionid jwt passwort kennwort contrasena senha wachtwoord motdepasse passe
  pepper otp totp cvv cvc requirepass presharedkey encryptionkey signingkey dbpw`.split(/\s+/),
);

/** A segment that ends so is one of the above with something stuck to it: `PGPASSWORD`, `smtppass`. */
export const SECRET_ENDINGS = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'pwd',
  'pass',
  'passwort',
  'sessid',
  'pw',
] as const;

/** English and product words that only happen to end like a secret. */
export const INNOCENT_WORDS: ReadonlySet<string> = new Set(
  'bypass compass encompass surpass trespass overpass underpass forcedpass multipass lastpass keepass 1password onepassword allpass lowpass highpass renderpass askpass detoken pretoken cwd'.split(
    ' ',
  ),
);

/** With `key` as the last segment, one of these makes the name secret. */
export const KEY_QUALIFIERS: ReadonlySet<string> = new Set(
  `api secret private priv access auth encryption encrypt enc master signing sign service client shared sharedaccess admin webhook hmac jwt
  app application deploy deployment license licence ssh tls ssl account storage subscription functions function server session crypto cipher
  aes rsa recovery write ingest ingestion instrumentation consumer integration root super vapid cookie data token cert crypt signer sdk validation rndc tsig omapi wireless wifi wpa db database
  preshared sse connection wg wireguard fernet sops age consul vault backup restic borg bot security product merchant payment stripe sendgrid mailgun
  openai anthropic datadog dd newrelic nr algolia maps google gcp azure aws s3 twilio github gitlab sentry hash_secret site_secret internal
  rapidapi serviceaccount user_secret escrow unseal seal kms kek dek wrapping transit sas pairing decryption decrypt
  activation customer partner tenant org team project_secret device_secret loki grafana minio meili meilisearch typesense`.split(
    /\s+/,
  ),
);

/** As the last segment it says that the value is about a secret, not the secret. */
export const DESCRIBING_WORDS: ReadonlySet<string> = new Set(
  `file files path paths name names id ids ttl count counts length len size enabled disabled enable disable policy policies type types version url uri
  endpoint endpoints header headers days expiry expires expired expiration at on method methods mode scheme provider providers class algorithm algo alg
  stdin prompt status state hint strength reset resets changed updated ref refs arn issuer store manager host port user username label index idx
  format prefix suffix field fields column param parameter validator generator handler controller table bucket budget usage used left remaining rate
  limit limits num total in out sec secs seconds minutes hours ms duration timeout lifetime age created error errors rotation rotated verified valid
  required supported source kind family scope scopes audience realm group groups role roles level bits fingerprint thumbprint check retries
  attempts failed failure failures success min max dir directory location mount mounts settings options backend engine callback grant exchange
  request requests response flow page form input link template event job task worker queue cache pool map list set loading loaded
  rules rule regex review reviews helper helpers pattern position offset pos line col cost price per avg mean p99 stopwords owner domain region zone date time timestamp
  title placeholder tooltip description desc message help mismatch missing incorrect address symbol
  ciphers iterations rounds reuse selector key_id lookup lookups service services server exception hashers validators filter encoder decoder reader writer listener converter interceptor utils util factory repository dao dto authenticator middleware`.split(
    /\s+/,
  ),
);

/** As a leading segment it makes a token or a key a matter of counting, paging or databases. */
export const HARMLESS_QUALIFIERS: ReadonlySet<string> = new Set(
  `max min num prompt completion total input output cache cached page next prev previous primary foreign sort partition routing object public pub csrf xsrf
  continuation cancellation stop eos bos pad unk special syntax unexpected sync resume cursor dedup idempotency row range composite surrogate natural
  unique lock shard message metric translation locale feature host known reasoning audio text image remaining used bucket anti site publishable
  lexer parser per forgery antiforgery requestverification verification_hash generated`.split(/\s+/),
);
