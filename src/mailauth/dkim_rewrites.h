// What lists and gateways do to a signed header, guessed, and proved by the key of the signature.
#pragma once

#include <vector>

#include "mailauth/dkim_diagnose.h"

namespace ph::mailauth {

/// Looks for the header that was signed among those that may have become `header`:
///   - words were put before or behind Subject, as "[list]" is,
///   - From was replaced, and the author stands in another field now,
///   - Content-Transfer-Encoding was changed with the body,
///   - a signed field was added: by its name in h= the signer had said that there was none;
/// and up to three of these at once.
///
///   field    the signature's
///   key      its key, which `header` as it is does not fit
///   returns  one change for each field; empty: none of these, or nothing can be said
///   cost     up to kDiagnosedHeadersMax public key operations and digests of
///            kDiagnosedHeaderOctetsMax
std::vector<DkimChange> diagnose_rewrites(const message::Header& header,
                                          const message::Field& field,
                                          const DkimSignature& signature,
                                          const crypto::PublicKey& key);

}  // namespace ph::mailauth
