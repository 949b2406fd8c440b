#pragma once

#include <string>
#include <string_view>

#include "classifiers/base/owned.hpp"

// NOLINTBEGIN(readability-redundant-declaration,readability-identifier-naming): keeps OpenSSL's
// headers in one file
struct evp_md_ctx_st;
extern "C" void EVP_MD_CTX_free(evp_md_ctx_st*);

// NOLINTEND(readability-redundant-declaration,readability-identifier-naming)

namespace octroi {

/// SHA-256 (FIPS 180-4) of text that comes in pieces.
class Sha256 {
  public:
    Sha256();

    void add(std::string_view text);

    /// The digest of all that was added: 64 hexadecimal digits, as sha256sum(1) prints it. Ends the
    /// computation.
    [[nodiscard]] std::string hex();

  private:
    Owned<evp_md_ctx_st, EVP_MD_CTX_free> context_;
};

}  // namespace octroi
