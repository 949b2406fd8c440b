#pragma once

#include <optional>
#include <string>

#include "metrics/http/http_server.hpp"

namespace octroi {

/// Who may read what the HTTP server tells (docs/decisions/0019): with a token, who sends it;
/// without one, who reaches loopback, and no web page of another origin.
class HttpAccess {
  public:
    explicit HttpAccess(std::optional<std::string> token) : token_(std::move(token)) {}

    /// Without a token: a refusal for a Host that is neither `localhost` nor an address. A name
    /// that a stranger's DNS points at this machine (DNS rebinding) makes a browser send such a
    /// one.
    [[nodiscard]] std::optional<HttpResponse> refuse_host(const HttpRequest& request) const;

    /// With a token: a refusal for whoever does not send `Authorization: Bearer TOKEN`. Takes the
    /// same time for every wrong token of one length.
    [[nodiscard]] std::optional<HttpResponse> refuse_stranger(const HttpRequest& request) const;

  private:
    std::optional<std::string> token_;
};

}  // namespace octroi
