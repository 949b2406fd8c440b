#pragma once

#include <functional>
#include <optional>
#include <string>

#include "metrics/http/http_access.hpp"

namespace octroi {

/// Which paths the daemon serves, and to whom.
class HttpRoutes {
  public:
    /// Asked on the server's thread, for each request that may have the answer.
    struct Sources {
        std::function<std::string()> metrics;  ///< in the exposition format
        std::function<std::string()> status;   ///< as JSON; empty: not started yet
        std::function<bool()> ready;
    };

    HttpRoutes(Sources sources, std::optional<std::string> token)
        : sources_(std::move(sources)), access_(std::move(token)) {}

    [[nodiscard]] HttpResponse operator()(const HttpRequest& request) const;

  private:
    [[nodiscard]] std::optional<HttpResponse> probe(std::string_view path) const;

    Sources sources_;
    HttpAccess access_;
};

}  // namespace octroi
