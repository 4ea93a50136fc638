// The TlsContext that there is. Only for the .cc files of this folder.
#pragma once

#include "crypto/openssl.h"
#include "crypto/tls.h"

namespace ph::crypto {

struct OpensslContext final : TlsContext {
  SslContextPointer context;
  bool verify = false;  // clients: check the peer's certificate
};

}  // namespace ph::crypto
