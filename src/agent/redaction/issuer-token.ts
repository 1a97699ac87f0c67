// What is known of an issuer's token: its prefix, the alphabet of the rest and how long that is at least.

/**
 * Alphabets, by letter: W word · U base64url · J base64url and dots · A alphanumeric · B base64 of either kind · H hex and
 * dashes · X lower-case hex · L lower-case alphanumeric · V upper-case alphanumeric · D upper-case alphanumeric and dashes ·
 * O alphanumeric and dots · P base64url and percent · Q base64url and `=` · S word and `$` · T token · I base64 and dots
 */
export type AlphabetId = 'W' | 'U' | 'J' | 'A' | 'B' | 'H' | 'X' | 'L' | 'V' | 'D' | 'O' | 'P' | 'Q' | 'S' | 'T' | 'I';

/**
 * `b`: nothing word-like may stand before the prefix, because the prefix alone is not distinctive; what follows must look
 * generated. `v`, `k`: the same, and exactly as many characters as the minimum.
 */
export type PrefixFlag = 'b' | 'v' | 'k';

/** id, issuer, prefix, alphabet of the rest, its minimum length, flag. Lengths are floors: issuers lengthen their tokens. */
export type IssuerToken = readonly [string, string, string, AlphabetId, number, PrefixFlag?];
